package org.cocoon.backend.tensorrt;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.cocoon.backend.BackendException;
import org.jspecify.annotations.Nullable;

/**
 * The first GPU of this machine, through the driver, in the primary context that TensorRT uses too.
 */
final class CudaGpu implements Gpu {
  private static final int FIRST = 0;
  private static final int NON_BLOCKING = 1; // CU_STREAM_NON_BLOCKING
  private static final int CAPTURE_THREAD_LOCAL = 1; // CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
  private static final int MEMORY_DEVICE = 2; // CU_MEMORYTYPE_DEVICE

  // CUDA_MEMCPY3D_v2 of cuda.h: 25 words of eight bytes; the second side lies eleven words on.
  private static final int COPY_BYTES = 25 * 8;
  private static final int COPY_TO = 11;
  private static final int COPY_MEMORY_TYPE = 4;
  private static final int COPY_ADDRESS = 6;
  private static final int COPY_PITCH = 9;
  private static final int COPY_HEIGHT = 10;
  private static final int COPY_WIDTH_BYTES = 22;
  private static final int COPY_COUNT = 23;
  private static final int COPY_GROUPS = 24;

  private final CudaDriver driver;
  private final CudaDevice device;
  private final int handle;
  private final long context;
  private final long stream;
  private final MemorySegment copy;
  private final List<Long> memory = new ArrayList<>();
  private final List<Long> pinned = new ArrayList<>();
  private @Nullable Thread attached;
  private boolean closed;

  private CudaGpu(CudaDriver driver, CudaDevice device, int handle, long context) {
    this.driver = driver;
    this.device = device;
    this.handle = handle;
    this.context = context;
    attach();
    driver.call("cuStreamCreate", driver.results(), NON_BLOCKING);
    stream = driver.resultLong(0);
    copy = driver.struct(COPY_BYTES);
  }

  /**
   * Opens the first GPU and takes over the driver.
   *
   * @throws BackendException with what to do, where it cannot be used
   */
  static CudaGpu open(CudaDriver driver) {
    CudaDevice device = CudaDevice.first(driver);
    driver.call("cuDeviceGet", driver.results(), FIRST);
    int handle = driver.resultInt();
    driver.call("cuDevicePrimaryCtxRetain", driver.results(), handle);
    return new CudaGpu(driver, device, handle, driver.resultLong(0));
  }

  CudaDevice device() {
    return device;
  }

  /** Memory that nobody has allocated, in bytes. */
  long freeBytes() {
    attach();
    driver.call("cuMemGetInfo_v2", driver.results(), driver.results() + Long.BYTES);
    return driver.resultLong(0);
  }

  /** CUDA's current context belongs to a thread, and the owner may be another than the opener. */
  private void attach() {
    Thread caller = Thread.currentThread();
    if (!caller.equals(attached)) {
      driver.call("cuCtxSetCurrent", context);
      attached = caller;
    }
  }

  @Override
  public long allocate(long bytes) {
    attach();
    int status = driver.status("cuMemAlloc_v2", driver.results(), bytes);
    if (status == CudaDriver.OUT_OF_MEMORY) {
      throw new BackendException(
          "the GPU has no %.1f GiB of memory left; lower sequences or contextTokens"
              .formatted(bytes / 0x1p30));
    }
    if (status != CudaDriver.SUCCESS) {
      throw new BackendException("the GPU gives no memory: " + driver.errorName(status));
    }
    long address = driver.resultLong(0);
    memory.add(address);
    return address;
  }

  @Override
  @SuppressWarnings("restricted") // the driver says that so many bytes are there
  public ByteBuffer allocatePinned(int bytes) {
    attach();
    driver.call("cuMemHostAlloc", driver.results(), (long) bytes, 0);
    long address = driver.resultLong(0);
    pinned.add(address);
    return MemorySegment.ofAddress(address)
        .reinterpret(bytes)
        .asByteBuffer()
        .order(ByteOrder.nativeOrder());
  }

  private static long address(ByteBuffer buffer) {
    return MemorySegment.ofBuffer(buffer).address();
  }

  @Override
  public void upload(ByteBuffer from, long to, int bytes) {
    attach();
    driver.call("cuMemcpyHtoDAsync_v2", to, address(from), (long) bytes, stream);
  }

  @Override
  public void download(long from, ByteBuffer to, int bytes) {
    attach();
    driver.call("cuMemcpyDtoHAsync_v2", address(to), from, (long) bytes, stream);
  }

  @Override
  public void copy(Blocks blocks) {
    attach();
    copySide(0, blocks.from(), blocks);
    copySide(COPY_TO, blocks.to(), blocks);
    copy.setAtIndex(JAVA_LONG, COPY_WIDTH_BYTES, blocks.bytes());
    copy.setAtIndex(JAVA_LONG, COPY_COUNT, blocks.count());
    copy.setAtIndex(JAVA_LONG, COPY_GROUPS, blocks.groups());
    driver.call("cuMemcpy3DAsync_v2", copy.address(), stream);
  }

  private void copySide(int word, long address, Blocks blocks) {
    copy.set(JAVA_INT, (word + COPY_MEMORY_TYPE) * 8L, MEMORY_DEVICE);
    copy.setAtIndex(JAVA_LONG, word + COPY_ADDRESS, address);
    copy.setAtIndex(JAVA_LONG, word + COPY_PITCH, blocks.pitch());
    copy.setAtIndex(JAVA_LONG, word + COPY_HEIGHT, blocks.groupPitch() / blocks.pitch());
  }

  @Override
  public void synchronize() {
    attach();
    driver.call("cuStreamSynchronize", stream);
  }

  @Override
  public long stream() {
    return stream;
  }

  @Override
  public void beginCapture() {
    attach();
    driver.call("cuStreamBeginCapture_v2", stream, CAPTURE_THREAD_LOCAL);
  }

  @Override
  public long endCapture() {
    attach();
    int status = driver.status("cuStreamEndCapture", stream, driver.results());
    long recorded = driver.resultLong(0);
    if (status != CudaDriver.SUCCESS || recorded == 0) {
      return 0;
    }
    status = driver.status("cuGraphInstantiateWithFlags", driver.results(), recorded, 0L);
    long graph = driver.resultLong(0);
    driver.call("cuGraphDestroy", recorded);
    return status == CudaDriver.SUCCESS ? graph : 0;
  }

  @Override
  public void launch(long graph) {
    attach();
    driver.call("cuGraphLaunch", graph, stream);
  }

  @Override
  public void release(long graph) {
    attach();
    driver.call("cuGraphExecDestroy", graph);
  }

  /** Frees what it can: after a failure of the GPU the driver refuses, and the process ends. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    driver.status("cuCtxSetCurrent", context);
    memory.forEach(address -> driver.status("cuMemFree_v2", address));
    pinned.forEach(address -> driver.status("cuMemFreeHost", address));
    driver.status("cuStreamDestroy_v2", stream);
    driver.status("cuDevicePrimaryCtxRelease_v2", handle);
    driver.close();
  }
}
