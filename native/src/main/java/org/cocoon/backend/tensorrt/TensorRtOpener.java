package org.cocoon.backend.tensorrt;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.bytedeco.tensorrt.nvinfer.IHostMemory;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.GgufVocabulary;
import org.cocoon.model.ExportedModel;
import org.cocoon.model.ModelFileException;

/** Opens a backend: checks the model, finds or builds its engine, and warms it up. */
final class TensorRtOpener {
  /** Of the GPU's memory that is free, what kernels may use while an engine is built: a quarter. */
  private static final int WORKSPACE_PART = 4;

  private TensorRtOpener() {}

  static TensorRtBackend open(TensorRtOptions options) {
    ExportedModel model = check(options);
    EngineShape shape = shape(model, options);
    EngineStore store = new EngineStore(options.engines());
    CudaGpu gpu = CudaGpu.open(new CudaDriver(CudaDriver.LIBRARY));
    try {
      checkMemory(shape, gpu);
      TensorRtLibrary.load(options.libraries());
      Engine engine = engine(model, shape, gpu, store);
      try {
        return serve(shape, gpu, engine, vocabulary(model, options));
      } catch (RuntimeException | Error e) {
        engine.close();
        throw e;
      }
    } catch (RuntimeException | Error e) {
      gpu.close();
      throw e;
    }
  }

  private static TensorRtBackend serve(
      EngineShape shape, CudaGpu gpu, Engine engine, GgufVocabulary vocabulary) {
    TensorRtBackend backend =
        new TensorRtBackend(shape, gpu, engine, vocabulary, gpu.device().describe());
    backend.warmUp();
    return backend;
  }

  /** Hashes the graph and its weights: what is built from them is kept under these hashes. */
  private static ExportedModel check(TensorRtOptions options) {
    try {
      ExportedModel model = ExportedModel.open(options.model());
      model.verify(bytes -> {});
      return model;
    } catch (ModelFileException e) {
      throw new BackendException(String.valueOf(e.getMessage()), e);
    }
  }

  static EngineShape shape(ExportedModel model, TensorRtOptions options) {
    try {
      GraphShape graph =
          new GraphShape(
              model.name(),
              model.revision(),
              model.hash(),
              model.graphHash(),
              model.dataHash(),
              Files.size(model.data()),
              model.layers(),
              model.keyValueHeads(),
              model.headDimension(),
              model.compute().equals("float32") ? Float.BYTES : Short.BYTES,
              model.vocabulary(),
              model.context(),
              model.positions(),
              model.candidates());
      return new EngineShape(
          graph, options.sequences(), options.contextTokens(), options.batchTokens());
    } catch (IllegalArgumentException e) {
      throw new BackendException("cannot serve " + options.model() + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new BackendException("cannot read " + model.data() + ": " + e.getMessage(), e);
    }
  }

  /** Says what does not fit before minutes are spent on building it. */
  private static void checkMemory(EngineShape shape, CudaGpu gpu) {
    long free = gpu.freeBytes();
    long weights = shape.graph().dataBytes();
    if (weights + shape.allCacheBytes() > free) {
      throw new BackendException(
          ("the GPU has %.1f GiB free, and %.1f GiB are needed for the weights and %.1f GiB for"
                  + " the caches of %d sequences of %d tokens; lower sequences or contextTokens")
              .formatted(
                  free / 0x1p30,
                  weights / 0x1p30,
                  shape.allCacheBytes() / 0x1p30,
                  shape.slots(),
                  shape.contextTokens()));
    }
  }

  private static Engine engine(
      ExportedModel model, EngineShape shape, CudaGpu gpu, EngineStore store) {
    String key = EngineStore.key(shape, gpu.device(), TensorRtLibrary.VERSION);
    try (Arena arena = Arena.ofConfined()) {
      Optional<MemorySegment> kept = store.load(key, arena);
      if (kept.isPresent()) {
        return new NvInferEngine(kept.get(), gpu.stream());
      }
    }
    try (NetworkBuilder builder = new NetworkBuilder(shape, model.graph())) {
      IHostMemory built = builder.build(gpu.freeBytes() / WORKSPACE_PART);
      try {
        store.save(key, NetworkBuilder.bytes(built));
        return new NvInferEngine(NetworkBuilder.bytes(built), gpu.stream());
      } finally {
        CppObject.delete(built);
      }
    }
  }

  private static GgufVocabulary vocabulary(ExportedModel model, TensorRtOptions options) {
    Path file =
        model
            .vocabularyFile()
            .orElseThrow(
                () ->
                    new BackendException(
                        options.model()
                            + " has no vocabulary; export it again with --vocabulary FILE"));
    GgufVocabulary vocabulary = GgufVocabulary.open(options.nativeDir(), file);
    if (vocabulary.size() != model.vocabulary()) {
      vocabulary.close();
      throw new BackendException(
          file
              + " has another number of tokens than the graph; export it again with the right"
              + " --vocabulary");
    }
    return vocabulary;
  }
}
