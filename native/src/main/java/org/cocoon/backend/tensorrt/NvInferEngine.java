package org.cocoon.backend.tensorrt;

import static org.cocoon.backend.tensorrt.TensorRtLibrary.require;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorrt.global.nvinfer;
import org.bytedeco.tensorrt.global.nvinfer.ExecutionContextAllocationStrategy;
import org.bytedeco.tensorrt.nvinfer.Dims64;
import org.bytedeco.tensorrt.nvinfer.ICudaEngine;
import org.bytedeco.tensorrt.nvinfer.IExecutionContext;
import org.bytedeco.tensorrt.nvinfer.IRuntime;

/** A compiled engine on the GPU, through TensorRT's JNI bridge. */
final class NvInferEngine implements Engine {
  private final IRuntime runtime;
  private final ICudaEngine engine;
  private final CUstream_st stream;
  private final List<NvInferContext> contexts = new ArrayList<>();
  private boolean closed;

  /**
   * Loads a serialized engine; {@link TensorRtLibrary#load} comes first.
   *
   * @param serialized its bytes, which are not needed afterwards; whoever wrote them is trusted
   * @param stream CUDA's handle of the stream that everything runs in
   * @throws org.cocoon.backend.BackendException where TensorRT refuses it
   */
  NvInferEngine(MemorySegment serialized, long stream) {
    this.stream = new CUstream_st(pointer(stream));
    runtime =
        require(nvinfer.createInferRuntime(TensorRtLibrary.log()), "TensorRT gives no runtime");
    engine =
        require(
            runtime.deserializeCudaEngine(pointer(serialized.address()), serialized.byteSize()),
            "TensorRT does not load the engine");
    require(
        engine.getNbOptimizationProfiles() == Phase.values().length,
        "the engine has other profiles");
  }

  /** An address as the bridge takes it; owns nothing. */
  private static final class Address extends Pointer {
    Address(long address) {
      this.address = address;
    }
  }

  private static Pointer pointer(long address) {
    return new Address(address);
  }

  @Override
  public long scratchBytes() {
    long most = 0;
    for (Phase phase : Phase.values()) {
      most = Math.max(most, engine.getDeviceMemorySizeForProfileV2(phase.profile()));
    }
    return most;
  }

  @Override
  public Context context(Phase phase, long scratch) {
    IExecutionContext made =
        require(
            engine.createExecutionContext(ExecutionContextAllocationStrategy.kUSER_MANAGED),
            "TensorRT gives no execution context");
    NvInferContext context = new NvInferContext(made);
    contexts.add(context);
    made.setDeviceMemoryV2(pointer(scratch), scratchBytes());
    require(
        made.setOptimizationProfileAsync(phase.profile(), stream),
        "TensorRT does not take the profile of " + phase);
    return context;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    contexts.forEach(NvInferContext::free);
    CppObject.delete(engine);
    CppObject.delete(runtime);
  }

  private final class NvInferContext implements Context {
    private final IExecutionContext context;

    /** Names as C strings, so that a call of each step allocates none. */
    private final Map<String, BytePointer> names = new HashMap<>();

    NvInferContext(IExecutionContext context) {
      this.context = context;
    }

    private BytePointer name(String tensor) {
      return names.computeIfAbsent(tensor, text -> new BytePointer(text));
    }

    @Override
    public void shape(String tensor, long... dimensions) {
      try (Dims64 dims = NetworkBuilder.dims(dimensions)) {
        require(
            context.setInputShape(name(tensor), dims),
            "TensorRT does not take the shape of " + tensor);
      }
    }

    @Override
    public void bind(String tensor, long address) {
      require(
          context.setTensorAddress(name(tensor), pointer(address)),
          "TensorRT does not take the address of " + tensor);
    }

    @Override
    public void enqueue() {
      require(context.enqueueV3(stream), "TensorRT cannot run the engine");
    }

    void free() {
      CppObject.delete(context);
      names.values().forEach(BytePointer::deallocate);
      names.clear();
    }
  }
}
