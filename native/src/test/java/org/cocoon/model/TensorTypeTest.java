package org.cocoon.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * blocks.txt has for each quantisation two blocks of random bytes, some of their numbers as
 * llama.cpp's own Python package (gguf 0.19.0) decodes them, and the sum of all, each times its
 * number.
 */
final class TensorTypeTest {
  static String[] blocks() throws IOException {
    try (InputStream in = TensorTypeTest.class.getResourceAsStream("blocks.txt")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), UTF_8).strip().split("\n", -1);
    }
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void decodesBlocksAsLlamaDoes(String line) {
    String[] words = line.split(" ", -1);
    TensorType type = TensorType.valueOf(words[0]);
    MemorySegment bytes = MemorySegment.ofArray(HexFormat.of().parseHex(words[1]));
    assertEquals(2L * type.blockBytes(), bytes.byteSize());
    float[] numbers = new float[2 * type.blockElements()];
    type.decode(bytes, 0, numbers, numbers.length);
    double sum = 0;
    for (int i = 0; i < numbers.length; i++) {
      sum += (double) numbers[i] * (i + 1);
    }
    for (int i = 2; i < words.length - 1; i++) {
      int colon = words[i].indexOf(':');
      float expected = Float.parseFloat(words[i].substring(colon + 1));
      int index = Integer.parseInt(words[i].substring(0, colon));
      assertEquals(expected, numbers[index], Math.abs(expected) * 1e-6f, type + " " + index);
    }
    double expected = Double.parseDouble(words[words.length - 1]);
    assertEquals(expected, sum, Math.abs(expected) * 1e-5 + 1e-3);
  }

  @Test
  void decodesFloats() {
    byte[] bytes = HexFormat.of().parseHex("0000c03f" + "003e" + "c03f");
    float[] number = new float[1];
    TensorType.F32.decode(MemorySegment.ofArray(bytes), 0, number, 1);
    assertEquals(1.5f, number[0]);
    TensorType.F16.decode(MemorySegment.ofArray(bytes), 4, number, 1);
    assertEquals(1.5f, number[0]);
    TensorType.BF16.decode(MemorySegment.ofArray(bytes), 6, number, 1);
    assertEquals(1.5f, number[0]);
  }

  @Test
  void roundsToBfloat16AsIeeeDoes() {
    assertEquals((short) 0x3f80, OnnxType.toBfloat16(1));
    assertEquals((short) 0x3f80, OnnxType.toBfloat16(Float.intBitsToFloat(0x3f808000)));
    assertEquals((short) 0x3f82, OnnxType.toBfloat16(Float.intBitsToFloat(0x3f818000)));
    assertEquals((short) 0xff80, OnnxType.toBfloat16(Float.NEGATIVE_INFINITY));
    assertFalse((OnnxType.toBfloat16(Float.NaN) & 0x7f) == 0, "not a number became infinite");
  }
}
