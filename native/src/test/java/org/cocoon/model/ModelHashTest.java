package org.cocoon.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ModelHashTest {
  @TempDir private Path folder = Path.of("");

  private static byte[] content(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (7 * i % 251);
    }
    return bytes;
  }

  private Path file(byte[] content) throws IOException {
    return Files.write(folder.resolve("file"), content);
  }

  /** Lengths and hashes from another implementation: a recursive one of RFC 6962's definition. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "0 43732b5d2b6acf932e1c987c16038b5cb443bac19764e0bfeffd8e8abf407d3d",
        "1 954261dd86e42c1b759578dcafd80a5b62332fa9c8e47699421c5dd847b9d0c2",
        "1048576 746527db99d95d29b931e460d638bd3f3b6bce9abec6f7b520bf3682426e528d",
        "1048577 ead1b3e539ec13deb1c1ca81892288087438fdd40bd4478d2465b3bd83c40989",
        "3145728 1d7d0169c383729d733e85c191275a913b08c85436c0eca85f146c0e311d5928",
        "7340033 497faaf961d7a58deb6409c51f389c0246a06e724ebe7f0ed6060e320914aadb"
      })
  void isTheTreeOfRfc6962(String vector) throws IOException {
    byte[] bytes = content(Integer.parseInt(vector.substring(0, vector.indexOf(' '))));
    String expected = vector.substring(vector.indexOf(' ') + 1);
    assertEquals(expected, BlockHashes.of(file(bytes), done -> {}).root());
    ModelHash hash = new ModelHash();
    for (int from = 0; from < bytes.length; from += 999_999) {
      hash.update(bytes, from, Math.min(999_999, bytes.length - from));
    }
    assertEquals(expected, hash.finish().root(), "when its bytes come in pieces");
  }

  @Test
  void blockHashesSayWhichBlockIsDamaged() throws IOException {
    byte[] bytes = content(3 * ModelHash.BLOCK_BYTES + 5);
    BlockHashes right = BlockHashes.of(file(bytes), done -> {});
    Path kept = BlockHashes.beside(folder.resolve("file"));
    right.write(kept);
    BlockHashes read = BlockHashes.read(kept);
    assertEquals(right.root(), read.root());
    bytes[2 * ModelHash.BLOCK_BYTES + 7] ^= 1;
    try (MappedFile damaged = MappedFile.open(file(bytes))) {
      assertTrue(read.matches(damaged, 1));
      assertFalse(read.matches(damaged, 2));
      String difference = BlockHashes.of(damaged, done -> {}).difference(read);
      assertTrue(difference.contains("1 of its 4 blocks"), difference);
      assertTrue(difference.endsWith("byte " + 2 * ModelHash.BLOCK_BYTES), difference);
    }
  }

  @Test
  void blockHashesOfAnotherLengthAreRefused() throws IOException {
    BlockHashes hashes = BlockHashes.of(file(content(2_000_000)), done -> {});
    Path kept = folder.resolve("kept");
    hashes.write(kept);
    byte[] bytes = Files.readAllBytes(kept);
    for (int length = 0; length < bytes.length; length++) {
      Files.write(kept, Arrays.copyOf(bytes, length));
      assertThrows(ModelFileException.class, () -> BlockHashes.read(kept));
    }
    bytes[8] = (byte) 0x80;
    Files.write(kept, bytes);
    assertThrows(ModelFileException.class, () -> BlockHashes.read(kept));
  }
}
