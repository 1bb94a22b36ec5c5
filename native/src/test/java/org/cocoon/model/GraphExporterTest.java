package org.cocoon.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

final class GraphExporterTest {
  private static final ExportOptions SINGLE =
      new ExportOptions(OnnxType.FLOAT32, false, 0, 8, "tiny", "test");
  private static final long[] TOKENS = {5, 17, 80, 3, 3, 60, 41, 22, 9, 77};

  @TempDir private Path folder = Path.of("");

  private ExportedModel gguf(Architecture architecture, ExportOptions options) throws IOException {
    Path file = folder.resolve(architecture + ".gguf");
    new TinyModel(architecture, 3).gguf().write(file);
    return GraphExporter.export(file, folder.resolve(architecture + "-gguf"), options);
  }

  private static TinyGraph.Output last(ExportedModel model, long... tokens) throws OrtException {
    try (TinyGraph graph = new TinyGraph(model)) {
      return graph.step(tokens);
    }
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void ggufAndSafetensorsOfOneModelComputeTheSame(Architecture architecture)
      throws IOException, OrtException {
    ExportedModel fromGguf = gguf(architecture, SINGLE);
    for (int shards = 1; shards < 4; shards += 2) {
      Path source = folder.resolve("hf-" + shards);
      new TinyModel(architecture, 3).writeSafetensors(source, shards);
      ExportedModel other = GraphExporter.export(source, folder.resolve("out-" + shards), SINGLE);
      assertArrayEquals(last(fromGguf, TOKENS).logits(), last(other, TOKENS).logits(), 1e-4f);
    }
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void tokensOneByOneGiveWhatAChunkGives(Architecture architecture)
      throws IOException, OrtException {
    ExportedModel model = gguf(architecture, SINGLE);
    float[] chunk = last(model, TOKENS).logits();
    try (TinyGraph graph = new TinyGraph(model)) {
      graph.step(TOKENS[0], TOKENS[1], TOKENS[2]);
      for (int i = 3; i < TOKENS.length - 1; i++) {
        graph.step(TOKENS[i]);
      }
      assertArrayEquals(chunk, graph.step(TOKENS[TOKENS.length - 1]).logits(), 1e-4f);
    }
  }

  @Test
  void aWindowOfGemmaForgetsWhatIsBehindIt() throws IOException, OrtException {
    // All layers of the tiny model are local, so a token sees no further than the windows together.
    ExportedModel model = gguf(Architecture.GEMMA3, SINGLE);
    long[] other = new long[20];
    long[] tokens = new long[20];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = 7L * i % TinyModel.VOCABULARY;
      other[i] = tokens[i];
    }
    int reach = TinyModel.LAYERS * (TinyModel.WINDOW - 1);
    other[tokens.length - 2 - reach] = 90;
    assertArrayEquals(last(model, tokens).logits(), last(model, other).logits(), 1e-5f);
    other[tokens.length - 1 - reach] = 91;
    assertTrue(distance(last(model, tokens).logits(), last(model, other).logits()) > 1e-4);
  }

  private static double distance(float[] left, float[] right) {
    double most = 0;
    for (int i = 0; i < left.length; i++) {
      most = Math.max(most, Math.abs(left[i] - right[i]));
    }
    return most;
  }

  @Test
  void candidatesAreTheLikeliestTokens() throws IOException, OrtException {
    TinyGraph.Output output = last(gguf(Architecture.LLAMA, SINGLE), TOKENS);
    double sum = 0;
    float best = Float.NEGATIVE_INFINITY;
    for (float logit : output.logits()) {
      sum += Math.exp(logit);
      best = Math.max(best, logit);
    }
    assertEquals(8, output.candidateIds().length);
    assertEquals(best, output.candidateLogits()[0]);
    assertEquals(best, output.logits()[output.candidateIds()[0]]);
    assertEquals(Math.log(sum), output.logSumExp(), 1e-4);
  }

  @Test
  void halfPrecisionAndInt4AreNearSinglePrecision() throws IOException, OrtException {
    float[] single = last(gguf(Architecture.LLAMA, SINGLE), TOKENS).logits();
    ExportOptions half = new ExportOptions(OnnxType.FLOAT16, false, 0, 0, "", "test");
    double halfDistance = distance(single, last(gguf(Architecture.LLAMA, half), TOKENS).logits());
    assertTrue(halfDistance > 0 && halfDistance < 0.02, "half: " + halfDistance);
    ExportOptions int4 = new ExportOptions(OnnxType.FLOAT16, true, 0, 0, "", "test");
    double int4Distance = distance(single, last(gguf(Architecture.LLAMA, int4), TOKENS).logits());
    assertTrue(int4Distance > halfDistance && int4Distance < 2, "int4: " + int4Distance);
  }

  @Test
  void anExportIsWhatItsDescriptionSays() throws IOException {
    ExportedModel model = gguf(Architecture.LLAMA, SINGLE);
    assertEquals("tiny", model.name());
    assertEquals(BlockHashes.of(folder.resolve("LLAMA.gguf"), done -> {}).root(), model.hash());
    model.verify(done -> {});
    try (GgufFile vocabulary = GgufFile.open(model.vocabularyFile().orElseThrow())) {
      assertEquals(0, vocabulary.tensors().size());
      assertTrue(vocabulary.metadata().containsKey("tokenizer.ggml.tokens"));
    }
    try (RandomAccessFile data = new RandomAccessFile(model.data().toFile(), "rw")) {
      data.seek(data.length() / 2);
      data.write(data.read() ^ 1);
    }
    ModelFileException e = assertThrows(ModelFileException.class, () -> model.verify(done -> {}));
    assertTrue(e.getMessage().contains("model.data has the hash"), e.getMessage());
  }

  @Test
  void refusesAModelOfWhichATensorWouldBeLeftOver() throws IOException {
    Path file = folder.resolve("biased.gguf");
    new TinyModel(Architecture.LLAMA, 3)
        .gguf()
        .floats("blk.0.attn_q.bias", List.of(2L), 1, 2)
        .write(file);
    ModelFileException e =
        assertThrows(
            ModelFileException.class,
            () -> GraphExporter.export(file, folder.resolve("out"), SINGLE));
    assertTrue(e.getMessage().contains("'blk.0.attn_q.bias' has no place"), e.getMessage());
    assertTrue(Files.notExists(folder.resolve("out/model.json")), "a description of a half export");
  }

  private static String classPath() {
    return Stream.of(
            ModelMain.class,
            CommandLine.class,
            ObjectMapper.class,
            JsonParser.class,
            JsonInclude.class,
            ByteString.class)
        .map(type -> type.getProtectionDomain().getCodeSource().getLocation().getPath())
        .collect(Collectors.joining(File.pathSeparator));
  }

  @Test
  void aModelOfManyTimesTheHeapIsExported() throws Exception {
    Path file = folder.resolve("large.gguf");
    long bytes = SparseModel.write(file, 2048, 8);
    assertTrue(bytes > 16L * (24 << 20), "the model must be much larger than the heap");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx24m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath(),
                ModelMain.class.getName(),
                "export",
                file.toString(),
                folder.resolve("large").toString(),
                "--weights",
                "int4")
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it hangs");
    assertEquals(0, process.exitValue(), output);
    ExportedModel.open(folder.resolve("large")).verify(done -> {});
  }
}
