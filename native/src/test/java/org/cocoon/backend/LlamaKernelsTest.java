package org.cocoon.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bridge's own kernels give the bits of llama.cpp's, for any number of tokens. */
final class LlamaKernelsTest {
  private static final int SEQUENCES = 19;

  /** A backend, and what the tests need beside it. */
  private record Side(LlamaBackend backend, Driver driver) implements AutoCloseable {
    static Side open(int threads, boolean plain) {
      LlamaBackend backend =
          LlamaBackend.open(
              new LlamaOptions(
                      LlamaModels.NATIVE, LlamaModels.MODEL, "smollm2", SEQUENCES, 96, 64, threads)
                  .withPlainKernels(plain));
      return new Side(backend, new Driver(backend));
    }

    int[] tokens(Random random, int count) {
      return random.ints(count, 0, backend.limits().vocabularySize()).toArray();
    }

    @Override
    public void close() {
      backend.close();
    }
  }

  /** They need AVX2, and weights that llama.cpp has not put into an order for AMX. */
  private static boolean apply() throws IOException {
    String processor = Files.readString(Path.of("/proc/cpuinfo"));
    return processor.contains(" avx2 ") && !processor.contains(" amx_int8 ");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void promptsOfAnyLengthHaveTheSameLogits(int threads) throws IOException {
    Random random = new Random(1);
    try (Side ours = Side.open(threads, false);
        Side plain = Side.open(threads, true)) {
      for (int length = 1; length <= 60; length += length < 18 ? 1 : 7) {
        int[] tokens = ours.tokens(random, length);
        ours.driver.prefill(0, tokens);
        plain.driver.prefill(0, tokens);
        assertArrayEquals(plain.driver.logits(0), ours.driver.logits(0), "of " + length);
        ours.driver.truncate(0, 0);
        plain.driver.truncate(0, 0);
      }
      assertEquals(apply(), ours.backend.batchedProducts() > 0, "they have computed");
      assertEquals(0, plain.backend.batchedProducts(), "llama.cpp's alone");
    }
  }

  @Test
  void sequencesThatDecodeTogetherHaveTheLogitsOfEachAlone() {
    Random random = new Random(2);
    try (Side ours = Side.open(1, false);
        Side plain = Side.open(1, true)) {
      int[] tokens = ours.tokens(random, SEQUENCES);
      for (int together = 2; together <= SEQUENCES; together++) {
        ours.driver.begin();
        for (int sequence = 0; sequence < together; sequence++) {
          ours.driver.add(sequence, tokens[sequence], true);
        }
        ours.driver.step();
        for (int sequence = 0; sequence < together; sequence++) {
          plain.driver.next(0, tokens[sequence]);
          assertArrayEquals(plain.driver.logits(0), ours.driver.logits(sequence));
          plain.driver.truncate(0, 0);
          ours.driver.truncate(sequence, 0);
        }
      }
    }
  }

  @Test
  void oneTokenIsLeftToLlamaCpp() {
    try (Side ours = Side.open(1, false)) {
      ours.driver.prefill(0, Arrays.copyOf(ours.tokens(new Random(3), 8), 1));
      assertEquals(0, ours.backend.batchedProducts());
    }
  }
}
