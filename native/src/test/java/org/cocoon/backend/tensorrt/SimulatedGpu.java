package org.cocoon.backend.tensorrt;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A GPU of Java memory. It is as lazy as a real one: nothing in its stream is done before somebody
 * waits for it, and a recorded graph does what was recorded, at the addresses of then.
 *
 * <p>Every access outside an allocation is an {@link AssertionError}, and so is a copy of a buffer
 * that is not pinned.
 */
final class SimulatedGpu implements Gpu {
  private static final long FIRST_ADDRESS = 0x7f_0000_0000L;
  private static final byte NEVER_WRITTEN = (byte) 0xa5;

  private final TreeMap<Long, ByteBuffer> memory = new TreeMap<>();
  private final Set<ByteBuffer> pinned = Collections.newSetFromMap(new IdentityHashMap<>());
  private final List<Runnable> stream = new ArrayList<>();
  private final Map<Long, List<Runnable>> graphs = new HashMap<>();
  private List<Runnable> recording = List.of();
  private boolean capturing;
  private boolean capturable = true;
  private boolean closed;
  private long nextAddress = FIRST_ADDRESS;
  private long nextGraph = 1;
  private int uploads;
  private int downloads;
  private int copies;
  private int waits;
  private int launches;
  private int mostGraphs;

  /** Makes every recording fail from now on. */
  void refuseCapture() {
    capturable = false;
  }

  /** Puts work into the stream, or into the graph that is being recorded. */
  void submit(Runnable work) {
    check(!closed, "the GPU is closed");
    (capturing ? recording : stream).add(work);
  }

  /** The bytes at a device address, which must lie in one allocation. */
  ByteBuffer at(long address, long bytes) {
    Map.Entry<Long, ByteBuffer> block = memory.floorEntry(address);
    check(block != null, "no memory at " + Long.toHexString(address));
    long offset = address - block.getKey();
    check(
        bytes >= 0 && offset + bytes <= block.getValue().capacity(),
        bytes + " bytes at offset " + offset + " of a block of " + block.getValue().capacity());
    return block.getValue().slice((int) offset, (int) bytes).order(ByteOrder.nativeOrder());
  }

  static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }

  @Override
  public long allocate(long bytes) {
    byte[] fresh = new byte[Math.toIntExact(bytes)];
    Arrays.fill(fresh, NEVER_WRITTEN);
    long address = nextAddress;
    memory.put(address, ByteBuffer.wrap(fresh).order(ByteOrder.nativeOrder()));
    nextAddress += Math.ceilDiv(bytes, 256) * 256 + 4096; // a gap that nobody may touch
    return address;
  }

  @Override
  public ByteBuffer allocatePinned(int bytes) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    pinned.add(buffer);
    return buffer;
  }

  private void checkPinned(ByteBuffer buffer, int bytes) {
    check(pinned.contains(buffer), "the buffer is not pinned");
    check(bytes > 0 && bytes <= buffer.capacity(), "too many bytes: " + bytes);
    check(!capturing, "a copy must not be recorded");
  }

  @Override
  public void upload(ByteBuffer from, long to, int bytes) {
    checkPinned(from, bytes);
    uploads++;
    submit(() -> at(to, bytes).put(from.slice(0, bytes)));
  }

  @Override
  public void download(long from, ByteBuffer to, int bytes) {
    checkPinned(to, bytes);
    downloads++;
    submit(() -> to.slice(0, bytes).put(at(from, bytes)));
  }

  @Override
  public void copy(Blocks blocks) {
    copies++;
    submit(
        () -> {
          for (int group = 0; group < blocks.groups(); group++) {
            for (int i = 0; i < blocks.count(); i++) {
              long offset = group * blocks.groupPitch() + i * blocks.pitch();
              at(blocks.to() + offset, blocks.bytes())
                  .put(at(blocks.from() + offset, blocks.bytes()));
            }
          }
        });
  }

  @Override
  public void synchronize() {
    check(!capturing, "nobody waits for what is being recorded");
    waits++;
    List<Runnable> work = List.copyOf(stream);
    stream.clear();
    work.forEach(Runnable::run);
  }

  @Override
  public long stream() {
    return 0x5712ea;
  }

  @Override
  public void beginCapture() {
    check(!capturing, "one recording at a time");
    capturing = true;
    recording = new ArrayList<>();
  }

  @Override
  public long endCapture() {
    check(capturing, "nothing is being recorded");
    capturing = false;
    if (!capturable) {
      return 0;
    }
    graphs.put(nextGraph, List.copyOf(recording));
    mostGraphs = Math.max(mostGraphs, graphs.size());
    return nextGraph++;
  }

  @Override
  public void launch(long graph) {
    check(graphs.containsKey(graph), "there is no graph " + graph);
    launches++;
    graphs.getOrDefault(graph, List.of()).forEach(this::submit);
  }

  @Override
  public void release(long graph) {
    check(graphs.remove(graph) != null, "there is no graph " + graph);
  }

  @Override
  public void close() {
    check(graphs.isEmpty(), "graphs are left");
    closed = true;
  }

  boolean closed() {
    return closed;
  }

  int uploads() {
    return uploads;
  }

  int downloads() {
    return downloads;
  }

  int copies() {
    return copies;
  }

  int waits() {
    return waits;
  }

  int graphLaunches() {
    return launches;
  }

  int mostGraphs() {
    return mostGraphs;
  }
}
