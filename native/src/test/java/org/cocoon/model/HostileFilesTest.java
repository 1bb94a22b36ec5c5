package org.cocoon.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is in a file, reading it ends with a model or with a sentence. */
final class HostileFilesTest {
  private static final int MUTATIONS = Integer.getInteger("cocoon.fuzz.mutations", 2000);
  private static final long SEED = Long.getLong("cocoon.fuzz.seed", 20261126L);
  private static final long[] NASTY = {
    -1, 0, 1, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 31, 1L << 32, 1L << 62, 0x7fffffff, 1L << 40
  };

  @TempDir private Path folder = Path.of("");
  private Path gguf = Path.of("");
  private Path safetensors = Path.of("");

  @BeforeEach
  void write() throws IOException {
    TinyModel model = new TinyModel(Architecture.GEMMA3, 1);
    gguf = folder.resolve("tiny.gguf");
    model.gguf().write(gguf);
    model.writeSafetensors(folder.resolve("tiny"), 1);
    safetensors = folder.resolve("tiny/model.safetensors");
  }

  @Test
  void aMutatedGgufFileIsReadOrRefused() throws IOException {
    byte[] original = Files.readAllBytes(gguf);
    int refused = mutate(original, headerOf(original), this::readGguf);
    assertTrue(refused > MUTATIONS / 4, () -> "only " + refused + " were refused");
  }

  @Test
  void aMutatedSafetensorsFileIsReadOrRefused() throws IOException {
    byte[] original = Files.readAllBytes(safetensors);
    int header = 8 + (int) ByteBuffer.wrap(original).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    int refused = mutate(original, header, this::readSafetensors);
    assertTrue(refused > MUTATIONS / 4, () -> "only " + refused + " were refused");
  }

  private interface Reader {
    void read(Path file);
  }

  private int headerOf(byte[] original) {
    try (GgufFile file = GgufFile.open(gguf)) {
      long data =
          file.tensors().values().stream().mapToLong(tensor -> tensor.bytes().byteSize()).sum();
      return (int) (original.length - data);
    }
  }

  private void readGguf(Path file) {
    try (ModelSource model = GgufModel.open(file)) {
      decode(model.tensors().values());
    }
  }

  private void readSafetensors(Path file) {
    try (SafetensorsFile model = SafetensorsFile.open(file)) {
      decode(model.tensors().values());
    }
  }

  private static void decode(Iterable<WeightTensor> tensors) {
    for (WeightTensor tensor : tensors) {
      // A row may be as long as the file, and not longer: that is checked before.
      float[] row = new float[tensor.columns()];
      tensor.row(0, row);
      tensor.row(tensor.rows() - 1, row);
    }
  }

  private int mutate(byte[] original, int header, Reader reader) throws IOException {
    Random random = new Random(SEED);
    Path file = folder.resolve("mutant");
    int refused = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      Files.write(file, mutant(original, header, random));
      try {
        reader.read(file);
      } catch (ModelFileException e) {
        assertTrue(e.getMessage().length() > 20, e.getMessage());
        refused++;
      } catch (RuntimeException | Error e) {
        throw new AssertionError("mutation " + i + " of seed " + SEED, e);
      }
    }
    return refused;
  }

  private static byte[] mutant(byte[] original, int header, Random random) {
    byte[] bytes = original.clone();
    int kind = random.nextInt(4);
    if (kind == 0) {
      return Arrays.copyOf(bytes, random.nextInt(bytes.length));
    }
    for (int i = random.nextInt(4); i >= 0; i--) {
      if (kind == 1) {
        bytes[random.nextInt(header)] = (byte) random.nextInt(256);
      } else if (kind == 2) {
        ByteBuffer.wrap(bytes)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(random.nextInt(header - 8), NASTY[random.nextInt(NASTY.length)]);
      } else {
        int from = random.nextInt(header);
        int to = random.nextInt(header);
        int length = Math.min(1 + random.nextInt(32), header - Math.max(from, to));
        System.arraycopy(original, from, bytes, to, length);
      }
    }
    return bytes;
  }

  private void refusesGguf(String part, GgufWriter writer) throws IOException {
    Path file = folder.resolve("bad.gguf");
    writer.write(file);
    ModelFileException e = assertThrows(ModelFileException.class, () -> readGguf(file));
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }

  @Test
  void saysWhichQuantisationItDoesNotKnow() throws IOException {
    byte[] bytes = Files.readAllBytes(gguf);
    byte[] name = "token_embd.weight".getBytes(UTF_8);
    int at = indexOf(bytes, name) + name.length + 4 + 16;
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(at, 16);
    Path file = folder.resolve("iq2.gguf");
    Files.write(file, bytes);
    ModelFileException e = assertThrows(ModelFileException.class, () -> readGguf(file));
    assertTrue(e.getMessage().contains("quantisation 16"), e.getMessage());
  }

  private static int indexOf(byte[] bytes, byte[] part) {
    for (int i = 0; i + part.length <= bytes.length; i++) {
      if (Arrays.equals(bytes, i, i + part.length, part, 0, part.length)) {
        return i;
      }
    }
    throw new AssertionError("not found");
  }

  @Test
  void saysWhichArchitectureItDoesNotKnow() throws IOException {
    refusesGguf("'mamba'", new GgufWriter().text("general.architecture", "mamba"));
  }

  @Test
  void refusesTwoTensorsOfOneName() throws IOException {
    refusesGguf(
        "two tensors 'a'",
        new GgufWriter().floats("a", List.of(1L), 1).floats("a", List.of(1L), 2));
  }

  @Test
  void refusesAGapAndAnOverlapOfSafetensors() throws IOException {
    assertTrue(refusal(12, 16).contains("gap"));
    assertTrue(refusal(4, 8).contains("overlaps"));
    assertTrue(refusal(8, 16).contains("other bytes"));
    assertTrue(refusal(8, 12).contains("end at 12 of 16"));
  }

  /** What is said of a tensor of two floats at 0 and one of one float at other offsets. */
  private String refusal(long begin, long end) throws IOException {
    String json =
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":["
            + begin
            + ","
            + end
            + "]}}";
    byte[] header = json.getBytes(UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + 16).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header);
    Path file = folder.resolve("bad.safetensors");
    Files.write(file, bytes.array());
    return assertThrows(ModelFileException.class, () -> readSafetensors(file)).getMessage();
  }

  @Test
  void refusesAShardOutsideItsFolder() throws IOException {
    Path index = folder.resolve("tiny/model.safetensors.index.json");
    Files.writeString(index, "{\"weight_map\":{\"a\":\"../../etc/passwd.safetensors\"}}");
    ModelFileException e =
        assertThrows(ModelFileException.class, () -> ModelSource.open(folder.resolve("tiny")));
    assertTrue(e.getMessage().contains("cannot be one of this folder"), e.getMessage());
  }

  @Test
  void refusesAnEmptyFile() throws IOException {
    Path file = Files.createFile(folder.resolve("empty.gguf"));
    assertThrows(ModelFileException.class, () -> readGguf(file));
    assertThrows(ModelFileException.class, () -> readSafetensors(file));
    assertEquals(0, BlockHashes.of(file, done -> {}).blocks());
  }
}
