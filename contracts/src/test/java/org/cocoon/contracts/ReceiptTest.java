package org.cocoon.contracts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ReceiptTest {
  /** RFC 8032, section 7.1, test 1. */
  private static final ReceiptKey KEY =
      ReceiptKey.ofSeed(
          HexFormat.of()
              .parseHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));

  private static final Receipt RECEIPT =
      Receipt.sign(
          KEY,
          -239,
          UUID.fromString("0198c0de-0000-7000-8000-00000000002a"),
          7,
          "smollm2-ü",
          12,
          345,
          new NanoTon(678_901),
          1_767_225_600_123L);

  /** Laid out by hand from the Javadoc, and signed with OpenSSL. */
  @Test
  void hasTheseBytes() {
    assertEquals(
        "636f636f6f6e2d726563656970742d31"
            + "ffffff11"
            + "0198c0de00007000800000000000002a"
            + "0000000000000007"
            + "000000000000000c"
            + "0000000000000159"
            + "00000000000a5bf5"
            + "0000019b76daa87b"
            + "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
            + "0a"
            + "736d6f6c6c6d322dc3bc",
        HexFormat.of().formatHex(RECEIPT.statement()));
    assertEquals(
        "7b7dcd95a50d80bd33789eee71f31f910d784f29e9c0ebb2266c3a9f4ddcd4470f771a2aa7404d0e8572c26d"
            + "e1a3be9944d5d3ac67fa9382bb1ec19c505aa40f",
        HexFormat.of().formatHex(RECEIPT.signature()));
    assertEquals(
        "Af___xEBmMDeAABwAIAAAAAAAAAqAAAAAAAAAAcAAAAAAAAADAAAAAAAAAFZAAAAAAAKW_UAAAGbdtqoe9damAGCsQq3"
            + "1Uv-08lkBzoO4XLz2qYjJa8CGmj3B1EaCnNtb2xsbTItw7x7fc2VpQ2AvTN4nu5x8x-RDXhPKenA67ImbDqf"
            + "TdzURw93GiqnQE0OhXLCbeGjvplE1dOsZ_qTgrsewZxQWqQP",
        RECEIPT.toText());
  }

  @Test
  void comesBackFromBytesAndText() {
    assertTrue(RECEIPT.verify());
    assertEquals(RECEIPT, Receipt.decode(RECEIPT.encode()));
    assertEquals(RECEIPT, Receipt.parse(RECEIPT.toText()));
    Receipt longest =
        Receipt.sign(
            KEY, 0, new UUID(0, 0), 1, "m".repeat(255), 0, 0, NanoTon.ZERO, Long.MAX_VALUE);
    assertEquals(Receipt.MAX_ENCODED_BYTES, longest.encode().length);
    assertEquals(longest, Receipt.parse(longest.toText()));
  }

  /** Every changed bit is refused or makes the signature wrong; no change is overlooked. */
  @Test
  void noBitCanBeChanged() {
    byte[] good = RECEIPT.encode();
    int readable = 0;
    for (int bit = 0; bit < good.length * 8; bit++) {
      byte[] bad = good.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      try {
        Receipt changed = Receipt.decode(bad);
        readable++;
        assertFalse(changed.verify(), "bit " + bit);
        assertNotEquals(RECEIPT, changed, "bit " + bit);
      } catch (IllegalArgumentException e) {
        assertTrue(String.valueOf(e.getMessage()).length() > 10, "says what is wrong");
      }
    }
    assertTrue(readable > 1_000, "most changes are only found by the signature");
  }

  @Test
  void refusesEveryOtherLengthAndSpelling() {
    byte[] good = RECEIPT.encode();
    for (int length = 0; length < Receipt.MAX_ENCODED_BYTES + 10; length++) {
      if (length != good.length) {
        byte[] bad = Arrays.copyOf(good, length);
        assertThrows(IllegalArgumentException.class, () -> Receipt.decode(bad), "" + length);
      }
    }
    String text = RECEIPT.toText();
    for (String bad :
        new String[] {"", "A", text + "=", text + "A", text + "A".repeat(10_000), " " + text}) {
      assertThrows(IllegalArgumentException.class, () -> Receipt.parse(bad), bad);
    }
    // 160 bytes leave four bits unused in the last character, which other characters decode to,
    // too.
    Receipt odd = Receipt.sign(KEY, 0, new UUID(0, 0), 1, "mm", 0, 0, NanoTon.ZERO, 0);
    String canonical = odd.toText();
    char last = canonical.charAt(canonical.length() - 1);
    String other = canonical.substring(0, canonical.length() - 1) + (char) (last + 1);
    assertThrows(IllegalArgumentException.class, () -> Receipt.parse(other));
  }

  @Test
  void randomBytesAreRefusedAndNeverBreakTheDecoder() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      byte[] noise = new byte[random.nextInt(Receipt.MAX_ENCODED_BYTES + 20)];
      random.nextBytes(noise);
      if (noise.length > 0 && random.nextBoolean()) {
        noise[0] = 1;
      }
      try {
        assertFalse(Receipt.decode(noise).verify(), "seed " + seed);
      } catch (IllegalArgumentException expected) {
        assertTrue(String.valueOf(expected.getMessage()).length() > 10, "seed " + seed);
      }
    }
  }

  @Test
  void refusesWhatCannotBeStated() {
    byte[] key = KEY.publicKey();
    byte[] signature = RECEIPT.signature();
    UUID id = RECEIPT.requestId();
    for (String model : new String[] {"", "m".repeat(256), "\ud800"}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new Receipt(0, id, 1, model, 0, 0, NanoTon.ZERO, 0, key, signature),
          model);
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> new Receipt(0, id, 1, "m", -1, 0, NanoTon.ZERO, 0, key, signature));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Receipt(0, id, 1, "m", 0, 0, NanoTon.ZERO, 0, new byte[31], signature));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Receipt(0, id, 1, "m", 0, 0, NanoTon.ZERO, 0, key, new byte[65]));
  }

  @Test
  void arraysOfOthersDoNotChangeIt() {
    byte[] signature = RECEIPT.signature();
    signature[0]++;
    RECEIPT.routerKey()[0]++;
    assertTrue(RECEIPT.verify());
    assertArrayEquals(KEY.publicKey(), RECEIPT.routerKey());
    Receipt copy = Receipt.decode(RECEIPT.encode());
    assertEquals(RECEIPT.hashCode(), copy.hashCode());
  }
}
