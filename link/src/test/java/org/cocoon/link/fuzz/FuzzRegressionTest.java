package org.cocoon.link.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each target keeps what it must for its seeds, for simple changes of them, and for every input in
 * {@code src/test/resources/fuzz/TARGET} that once broke something. Finding new ones is Jazzer's
 * part, see {@code bench/fuzz}.
 */
final class FuzzRegressionTest {
  private static final long SEED = 20260308;
  private static final int CHANGES = 250;
  private static final Path FOUND = Path.of("src/test/resources/fuzz");

  @ParameterizedTest
  @EnumSource
  void keepsWhatItMust(FuzzTargets name, @TempDir Path folder) throws IOException {
    FuzzTarget target = name.in(new FuzzWorkspace(folder));
    FuzzBounds bounds = new FuzzBounds(target);
    Random random = new Random(SEED);
    List<byte[]> seeds = target.seeds();
    for (byte[] seed : seeds) {
      take(bounds, seed);
    }
    for (int i = 0; i < CHANGES; i++) {
      take(bounds, changed(seeds.get(random.nextInt(seeds.size())), random));
    }
    Path found = FOUND.resolve(name.word());
    if (Files.isDirectory(found)) {
      for (byte[] input : FuzzWorkspace.read(found)) {
        take(bounds, input);
      }
    }
  }

  private static void take(FuzzBounds bounds, byte[] input) {
    try {
      bounds.take(input);
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError(
          "seed " + SEED + ", input " + java.util.HexFormat.of().formatHex(input), e);
    }
  }

  private static byte[] changed(byte[] seed, Random random) {
    byte[] bytes = seed.clone();
    for (int changes = 1 + random.nextInt(3); changes > 0 && bytes.length > 0; changes--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(5)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt();
        case 2 -> bytes = Arrays.copyOf(bytes, at);
        case 3 -> bytes = inserted(bytes, at, new byte[1 + random.nextInt(300)]);
        default -> {
          int to = at + random.nextInt(bytes.length - at);
          bytes = inserted(bytes, random.nextInt(bytes.length), Arrays.copyOfRange(bytes, at, to));
        }
      }
    }
    return bytes;
  }

  private static byte[] inserted(byte[] bytes, int at, byte[] more) {
    byte[] result = Arrays.copyOf(bytes, bytes.length + more.length);
    System.arraycopy(more, 0, result, at, more.length);
    System.arraycopy(bytes, at, result, at + more.length, bytes.length - at);
    return result;
  }
}
