package org.cocoon.backend.tensorrt;

import static org.cocoon.backend.tensorrt.TensorRtLibrary.require;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.tensorrt.global.nvinfer;
import org.bytedeco.tensorrt.global.nvinfer.MemoryPoolType;
import org.bytedeco.tensorrt.global.nvinfer.NetworkDefinitionCreationFlag;
import org.bytedeco.tensorrt.global.nvinfer.OptProfileSelector;
import org.bytedeco.tensorrt.global.nvonnxparser;
import org.bytedeco.tensorrt.nvinfer.Dims64;
import org.bytedeco.tensorrt.nvinfer.IBuilder;
import org.bytedeco.tensorrt.nvinfer.IBuilderConfig;
import org.bytedeco.tensorrt.nvinfer.IHostMemory;
import org.bytedeco.tensorrt.nvinfer.INetworkDefinition;
import org.bytedeco.tensorrt.nvinfer.IOptimizationProfile;
import org.bytedeco.tensorrt.nvinfer.ITensor;
import org.bytedeco.tensorrt.nvonnxparser.IParser;
import org.cocoon.backend.BackendException;

/**
 * Compiles an exported graph: parses it, drops what a backend does not read, sets both profiles and
 * builds. All but {@link #build} works without a GPU where TRT_INTERNAL_OPTIONS is --cpu_only=1.
 *
 * <p>{@link TensorRtLibrary#load} comes first. Not thread-safe.
 */
final class NetworkBuilder implements AutoCloseable {
  private static final String LOGITS = "logits";
  private static final Set<String> OUTPUTS =
      Set.of("candidate_ids", "candidate_logits", "log_sum_exp");

  private final EngineShape shape;
  private final IBuilder builder;
  private final INetworkDefinition network;
  private final IParser parser;
  private final IBuilderConfig config;
  private final Map<Phase, IOptimizationProfile> profiles = new EnumMap<>(Phase.class);

  /**
   * Parses a graph.
   *
   * @param graph model.onnx; its weights lie beside it
   * @throws BackendException in a sentence, where TensorRT does not accept it
   */
  NetworkBuilder(EngineShape shape, Path graph) {
    this.shape = shape;
    builder =
        require(nvinfer.createInferBuilder(TensorRtLibrary.log()), "TensorRT gives no builder");
    network =
        require(
            builder.createNetworkV2(1 << NetworkDefinitionCreationFlag.kSTRONGLY_TYPED.value),
            "TensorRT gives no network");
    parser =
        require(
            nvonnxparser.createParser(network, TensorRtLibrary.log()), "TensorRT gives no parser");
    config = require(builder.createBuilderConfig(), "TensorRT gives no configuration");
    parse(graph);
    keepOnlyWhatIsRead();
    for (Phase phase : Phase.values()) {
      profiles.put(phase, addProfile(phase));
    }
  }

  private void parse(Path graph) {
    byte[] pinned;
    try {
      pinned = PinnedCapacity.pin(Files.readAllBytes(graph), shape.caches(), shape.capacity());
    } catch (IOException e) {
      throw new BackendException("cannot read " + graph + ": " + e.getMessage(), e);
    }
    try (BytePointer bytes = new BytePointer(pinned)) {
      // The path is where the parser looks for the weights' file.
      if (!parser.parse(bytes, pinned.length, graph.toAbsolutePath().toString())) {
        String reason =
            parser.getNbErrors() == 0
                ? TensorRtLibrary.log().lastError()
                : ": " + parser.getError(0).desc().strip().replaceAll("\\s+", " ");
        throw new BackendException("TensorRT does not accept " + graph + reason);
      }
    }
  }

  private void keepOnlyWhatIsRead() {
    Set<String> missing = new HashSet<>(OUTPUTS);
    for (int i = network.getNbOutputs() - 1; i >= 0; i--) {
      ITensor output = network.getOutput(i);
      missing.remove(output.getName());
      if (output.getName().equals(LOGITS)) {
        network.unmarkOutput(output);
      }
    }
    if (!missing.isEmpty()) {
      throw new BackendException(
          "the graph has no output " + missing + "; export it with --candidates 64");
    }
  }

  private IOptimizationProfile addProfile(Phase phase) {
    IOptimizationProfile profile =
        require(builder.createOptimizationProfile(), "TensorRT gives no profile");
    ProfileShapes shapes = ProfileShapes.of(shape, phase);
    shapes
        .inputs()
        .forEach(
            (input, range) -> {
              setDimensions(profile, input, OptProfileSelector.kMIN, range.smallest());
              setDimensions(profile, input, OptProfileSelector.kOPT, range.optimum());
              setDimensions(profile, input, OptProfileSelector.kMAX, range.largest());
            });
    require(profile.isValid(), "TensorRT does not accept the profile of " + phase);
    require(
        config.addOptimizationProfile(profile) == phase.profile(),
        "TensorRT does not accept the profile of " + phase);
    return profile;
  }

  private static void setDimensions(
      IOptimizationProfile profile, String input, OptProfileSelector which, long[] dimensions) {
    try (Dims64 dims = dims(dimensions)) {
      require(
          profile.setDimensions(input, which, dims),
          "TensorRT does not accept the shape of " + input);
    }
  }

  /** TensorRT's form of dimensions; to be closed. */
  static Dims64 dims(long... dimensions) {
    Dims64 dims = new Dims64();
    dims.nbDims(dimensions.length);
    for (int i = 0; i < dimensions.length; i++) {
      dims.d(i, dimensions[i]);
    }
    return dims;
  }

  /** The profile of a phase, as TensorRT holds it. */
  IOptimizationProfile profile(Phase phase) {
    IOptimizationProfile profile = profiles.get(phase);
    if (profile == null) {
      throw new IllegalStateException("every phase has a profile");
    }
    return profile;
  }

  /** The parsed network. */
  INetworkDefinition network() {
    return network;
  }

  /** How many layers of each type the network has, by TensorRT's names of them. */
  Map<String, Integer> layerTypes() {
    Map<String, Integer> types = new TreeMap<>();
    for (int i = 0; i < network.getNbLayers(); i++) {
      types.merge(network.getLayer(i).getType().toString(), 1, Integer::sum);
    }
    return types;
  }

  /**
   * Compiles the network for the GPU of this machine; takes minutes.
   *
   * @param workspaceBytes memory of the GPU that kernels may use while they run
   * @return the serialized engine, to be closed
   */
  IHostMemory build(long workspaceBytes) {
    TensorRtLibrary.loadBuilderResources();
    config.setMemoryPoolLimit(MemoryPoolType.kWORKSPACE, workspaceBytes);
    return require(
        builder.buildSerializedNetwork(network, config), "TensorRT cannot build the engine");
  }

  /** The bytes of a serialized engine, as long as it is open. */
  @SuppressWarnings("restricted") // TensorRT says that so many bytes are there
  static MemorySegment bytes(IHostMemory engine) {
    return MemorySegment.ofAddress(engine.data().address()).reinterpret(engine.size());
  }

  /** Frees everything. */
  @Override
  public void close() {
    CppObject.delete(config);
    CppObject.delete(network);
    CppObject.delete(parser);
    CppObject.delete(builder);
  }
}
