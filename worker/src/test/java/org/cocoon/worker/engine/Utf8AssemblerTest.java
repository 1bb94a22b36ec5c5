package org.cocoon.worker.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class Utf8AssemblerTest {

  @Test
  void replacesEachMaximalSubpartHoweverBytesAreTorn() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Set<Long> prefixes = prefixesOfCharacters();
    int[] interesting = {
      0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE2,
      0xED, 0xEF, 0xF0, 0xF3, 0xF4, 0xF5, 0xFF
    };
    for (int round = 0; round < 50_000; round++) {
      byte[] bytes = new byte[random.nextInt(12)];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) interesting[random.nextInt(interesting.length)];
      }
      Utf8Assembler assembler = new Utf8Assembler();
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      int from = 0;
      while (from < bytes.length) {
        int to = Math.min(bytes.length, from + 1 + random.nextInt(3));
        assembler.feed(Arrays.copyOfRange(bytes, from, to), out);
        String soFar = out.toString(UTF_8);
        assertArrayEquals(soFar.getBytes(UTF_8), out.toByteArray(), "torn");
        from = to;
      }
      assembler.finish(out);
      assertEquals(reference(bytes, prefixes), out.toString(UTF_8), Arrays.toString(bytes));
    }
  }

  /** Takes the longest beginning of any character at each place; whole or replaced. */
  private static String reference(byte[] bytes, Set<Long> prefixes) {
    StringBuilder text = new StringBuilder();
    int at = 0;
    while (at < bytes.length) {
      int length = 1;
      while (at + length < bytes.length && prefixes.contains(key(bytes, at, length + 1))) {
        length++;
      }
      String decoded = new String(bytes, at, length, UTF_8);
      text.append(decoded.contains("\uFFFD") ? "\uFFFD" : decoded);
      at += length;
    }
    return text.toString();
  }

  private static Set<Long> prefixesOfCharacters() {
    Set<Long> prefixes = new HashSet<>();
    for (int point = 0; point <= Character.MAX_CODE_POINT; point++) {
      if (point < Character.MIN_SURROGATE || point > Character.MAX_SURROGATE) {
        byte[] encoded = Character.toString(point).getBytes(UTF_8);
        for (int length = 1; length <= encoded.length; length++) {
          prefixes.add(key(encoded, 0, length));
        }
      }
    }
    return prefixes;
  }

  /** Up to four bytes and their number in one long. */
  private static long key(byte[] bytes, int from, int length) {
    long key = length;
    for (int i = from; i < from + length; i++) {
      key = key << 8 | (bytes[i] & 0xFF);
    }
    return key;
  }
}
