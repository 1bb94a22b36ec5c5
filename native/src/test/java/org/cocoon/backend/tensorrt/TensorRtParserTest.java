package org.cocoon.backend.tensorrt;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.tensorrt.global.nvinfer.OptProfileSelector;
import org.bytedeco.tensorrt.nvinfer.Dims64;
import org.bytedeco.tensorrt.nvinfer.ILayer;
import org.bytedeco.tensorrt.nvinfer.INetworkDefinition;
import org.cocoon.backend.BackendException;
import org.cocoon.model.ExportOptions;
import org.cocoon.model.ExportedModel;
import org.cocoon.model.GraphExporter;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real parser and builder of TensorRT 10.15 with exported models, up to the point where a GPU
 * is needed. native/test-tensorrt runs it; the ordinary build does not.
 *
 * <p>It needs TRT_INTERNAL_OPTIONS=--cpu_only=1 in the environment, and the folders and files in
 * the properties that it reads.
 */
@Tag("tensorrt")
final class TensorRtParserTest {
  private static final String OPTION = "TRT_INTERNAL_OPTIONS";
  private static final int SLOTS = 16;
  private static final int CONTEXT = 2048;
  private static final int BATCH = 1024;

  @TempDir private static Path folder = Path.of("");

  @BeforeAll
  static void loadsWithoutAGpu() {
    assertEquals("--cpu_only=1", System.getenv(OPTION), OPTION);
    TensorRtLibrary.load(property("cocoon.tensorrt"));
  }

  private static Path property(String name) {
    String value = System.getProperty(name);
    if (value == null) {
      throw new IllegalStateException("set " + name + "; native/test-tensorrt does");
    }
    return Path.of(value);
  }

  private static ExportedModel export(String property, String name) {
    Path target = folder.resolve(name);
    return Files.isDirectory(target)
        ? ExportedModel.open(target)
        : GraphExporter.export(property(property), target, ExportOptions.DEFAULT);
  }

  private static EngineShape shape(ExportedModel model) {
    return TensorRtOpener.shape(
        model, new TensorRtOptions(folder, folder, model.folder(), folder, SLOTS, CONTEXT, BATCH));
  }

  @Test
  void smolLm2IsAcceptedWithItsCachesNative() {
    ExportedModel model = export("cocoon.model", "smollm2");
    assertEquals(30, model.layers());
    assertAccepted(model);
  }

  @Test
  void gemma3IsAcceptedWithItsCachesNative() {
    ExportedModel model = export("cocoon.gemma", "gemma3");
    assertEquals(18, model.layers());
    assertAccepted(model);
  }

  private static void assertAccepted(ExportedModel model) {
    EngineShape shape = shape(model);
    long start = System.nanoTime();
    try (NetworkBuilder builder = new NetworkBuilder(shape, model.graph())) {
      Map<String, Integer> types = builder.layerTypes();
      System.out.printf(
          "%s: parsed in %.1f s, %d layers: %s%n",
          model.name(), (System.nanoTime() - start) / 1e9, builder.network().getNbLayers(), types);
      assertEquals(2 * model.layers(), types.get("kKVCACHE_UPDATE"));
      assertEquals(model.layers(), types.get("kATTENTION_INPUT"));
      assertEquals(model.layers(), types.get("kATTENTION_OUTPUT"));
      assertEquals(2 * model.layers(), types.get("kROTARY_EMBEDDING"));
      assertEquals(1, types.get("kTOPK"));
      assertNull(types.get("kSCATTER"), "a cache is updated by a layer that is not native");
      assertNull(types.get("kPLUGIN_V3"), "the graph needs no plugin");
      assertTensors(builder.network(), shape);
      for (Phase phase : Phase.values()) {
        assertProfile(builder, shape, phase);
      }
      BackendException refused =
          assertThrows(BackendException.class, () -> builder.build(1L << 30));
      assertTrue(
          String.valueOf(refused.getMessage()).startsWith("TensorRT cannot build the engine"),
          refused.getMessage());
      System.out.println(model.name() + ": " + refused.getMessage());
    }
  }

  /** Inputs and outputs are those that the launcher binds, and each cache goes from one to one. */
  private static void assertTensors(INetworkDefinition network, EngineShape shape) {
    Set<String> outputs = new HashSet<>();
    for (int i = 0; i < network.getNbOutputs(); i++) {
      outputs.add(network.getOutput(i).getName());
    }
    Set<String> expected =
        new HashSet<>(List.of("candidate_ids", "candidate_logits", "log_sum_exp"));
    for (int layer = 0; layer < shape.graph().layers(); layer++) {
      expected.add("present_k_" + layer);
      expected.add("present_v_" + layer);
    }
    assertEquals(expected, outputs);
    Set<String> inputs = new HashSet<>();
    for (int i = 0; i < network.getNbInputs(); i++) {
      inputs.add(network.getInput(i).getName());
    }
    assertEquals(ProfileShapes.of(shape, Phase.DECODE).inputs().keySet(), inputs);
    int updates = 0;
    for (int i = 0; i < network.getNbLayers(); i++) {
      ILayer layer = network.getLayer(i);
      if (layer.getType().toString().equals("kKVCACHE_UPDATE")) {
        String cache = layer.getInput(0).getName();
        assertEquals(cache.replace("cache", "present"), layer.getOutput(0).getName());
        assertEquals(shape.capacity(), layer.getInput(0).getDimensions().d(2));
        updates++;
      }
    }
    assertEquals(shape.caches(), updates);
  }

  private static void assertProfile(NetworkBuilder builder, EngineShape shape, Phase phase) {
    ProfileShapes.of(shape, phase)
        .inputs()
        .forEach(
            (input, range) -> {
              assertArrayEquals(
                  range.smallest(), dimensions(builder, phase, input, OptProfileSelector.kMIN));
              assertArrayEquals(
                  range.optimum(), dimensions(builder, phase, input, OptProfileSelector.kOPT));
              assertArrayEquals(
                  range.largest(), dimensions(builder, phase, input, OptProfileSelector.kMAX));
            });
  }

  private static long[] dimensions(
      NetworkBuilder builder, Phase phase, String input, OptProfileSelector which) {
    Dims64 dims = builder.profile(phase).getDimensions(input, which);
    long[] dimensions = new long[dims.nbDims()];
    for (int i = 0; i < dimensions.length; i++) {
      dimensions[i] = dims.d(i);
    }
    return dimensions;
  }

  @Test
  void aDamagedGraphIsRefusedInASentence() throws IOException {
    ExportedModel model = export("cocoon.model", "smollm2");
    byte[] whole = Files.readAllBytes(model.graph());
    Path damaged = model.folder().resolve("damaged.onnx");
    // Another operator's name of the same length: the file is well-formed, and means nothing.
    byte[] renamed =
        new String(whole, ISO_8859_1)
            .replace("TensorScatter", "TensorScutter")
            .getBytes(ISO_8859_1);
    Files.write(damaged, renamed);
    BackendException refused =
        assertThrows(
            BackendException.class, () -> new NetworkBuilder(shape(model), damaged).close());
    assertTrue(
        String.valueOf(refused.getMessage()).startsWith("TensorRT does not accept " + damaged),
        refused.getMessage());
    Files.delete(damaged);
  }

  @Test
  void whatIsClosedIsFreed() throws IOException {
    ExportedModel model = export("cocoon.model", "smollm2");
    EngineShape shape = shape(model);
    long weights = Files.size(model.data());
    new NetworkBuilder(shape, model.graph()).close();
    long before = residentBytes();
    int rounds = 6;
    for (int i = 0; i < rounds; i++) {
      new NetworkBuilder(shape, model.graph()).close();
    }
    long grown = residentBytes() - before;
    System.out.printf(
        "%d networks of %d MB each: %d MB more%n", rounds, weights >> 20, grown >> 20);
    assertTrue(grown < weights, grown + " bytes are left of " + rounds + " networks");
  }

  private static long residentBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("/proc/self/status has no VmRSS");
  }
}
