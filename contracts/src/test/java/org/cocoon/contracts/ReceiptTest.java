package org.cocoon.contracts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReceiptTest {
  /** RFC 8032, section 7.1, test 1. */
  private static final ReceiptKey KEY =
      ReceiptKey.ofSeed(
          HexFormat.of()
              .parseHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));

  private static final TonAddress SETTLEMENT = TonAddress.parse("0:" + "ab".repeat(32));

  private static final ReceiptTerms TERMS =
      terms(UUID.fromString("0198c0de-0000-7000-8000-00000000002a"), SETTLEMENT, "smollm2-ü", 7);

  private static ReceiptTerms terms(
      UUID id, @Nullable TonAddress settlement, String model, long account) {
    return new ReceiptTerms(
        -239,
        settlement,
        id,
        account,
        model,
        new UsedTokens(12, 5, 345, 45),
        new Price(5_000_000, 1_000_000, 20_000_000, 30_000_000),
        1_500,
        new NanoTon(11_000),
        1_767_225_600_123L);
  }

  /** Laid out by hand from the Javadoc. */
  @Test
  void statesTheseBytes() {
    assertEquals(
        "636f636f6f6e2d726563656970742d32"
            + "ffffff11"
            + "00"
            + "ab".repeat(32)
            + "0198c0de00007000800000000000002a"
            + "0000000000000007"
            + "000000000000000c"
            + "0000000000000005"
            + "0000000000000159"
            + "000000000000002d"
            + "00000000004c4b40"
            + "00000000000f4240"
            + "0000000001312d00"
            + "0000000001c9c380"
            + "000005dc"
            + "0000000000002af8"
            + "0000019b76daa87b"
            + "0a"
            + "736d6f6c6c6d322dc3bc",
        HexFormat.of().formatHex(TERMS.statement()));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 8, 9, 100})
  void everyReceiptOfABatchComesBackAndVerifies(int size) {
    List<ReceiptTerms> batch =
        LongStream.range(0, size)
            .mapToObj(i -> terms(new UUID(i, i), i % 2 == 0 ? SETTLEMENT : null, "m", i))
            .toList();
    List<Receipt> receipts = Receipt.sign(KEY, batch);
    for (int i = 0; i < size; i++) {
      Receipt receipt = receipts.get(i);
      assertEquals(batch.get(i), receipt.terms());
      assertTrue(receipt.verify(), "number " + i);
      assertEquals(receipt, Receipt.decode(receipt.encode()));
      assertEquals(receipt, Receipt.parse(receipt.toText()));
      Receipt other = receipts.get((i + 1) % size);
      if (size > 1) {
        assertFalse(
            new Receipt(
                    receipt.terms(),
                    receipt.routerKey(),
                    other.index(),
                    other.siblings(),
                    receipt.signature())
                .verify(),
            "another one's place");
      }
    }
  }

  @Test
  void theLongestFits() {
    ReceiptTerms longest = terms(new UUID(0, 0), null, "m".repeat(255), 1);
    List<Receipt> receipts = Receipt.sign(KEY, Collections.nCopies(Receipt.MAX_BATCH, longest));
    Receipt last = receipts.getLast();
    assertEquals(Receipt.MAX_ENCODED_BYTES, last.encode().length);
    assertEquals(last, Receipt.parse(last.toText()));
    assertTrue(last.verify());
  }

  /** Every changed bit is refused or makes the signature wrong; no change is overlooked. */
  @Test
  void noBitCanBeChanged() {
    ReceiptTerms before = terms(new UUID(1, 1), SETTLEMENT, "m", 1);
    ReceiptTerms after = terms(new UUID(2, 2), SETTLEMENT, "m", 2);
    Receipt receipt = Receipt.sign(KEY, List.of(before, TERMS, after)).get(1);
    byte[] good = receipt.encode();
    int readable = 0;
    for (int bit = 0; bit < good.length * 8; bit++) {
      byte[] bad = good.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      try {
        Receipt changed = Receipt.decode(bad);
        readable++;
        assertFalse(changed.verify(), "bit " + bit);
        assertNotEquals(receipt, changed, "bit " + bit);
      } catch (IllegalArgumentException e) {
        assertTrue(String.valueOf(e.getMessage()).length() > 10, "says what is wrong");
      }
    }
    assertTrue(readable > 1_000, "most changes are only found by the signature");
  }

  @Test
  void tellsWhenTheCostIsAboveWhatWasUsed() {
    long makes = (7 * 5 + 5 + 300 * 20 + 45 * 30) * 3 / 2;
    for (long cost : new long[] {0, makes - 1, makes, makes + 1}) {
      ReceiptTerms stated =
          new ReceiptTerms(
              0,
              null,
              new UUID(1, 1),
              1,
              "m",
              TERMS.tokens(),
              TERMS.price(),
              1_500,
              new NanoTon(cost),
              0);
      assertEquals(cost <= makes, stated.costHolds(), "" + cost);
    }
  }

  @Test
  void refusesEveryOtherLengthAndSpelling() {
    Receipt receipt = Receipt.sign(KEY, TERMS);
    byte[] good = receipt.encode();
    for (int length = 0; length < Receipt.MAX_ENCODED_BYTES + 10; length++) {
      if (length != good.length) {
        byte[] bad = Arrays.copyOf(good, length);
        assertThrows(IllegalArgumentException.class, () -> Receipt.decode(bad), "" + length);
      }
    }
    String text = receipt.toText();
    for (String bad :
        new String[] {"", "A", text + "=", text + "A", text + "A".repeat(10_000), " " + text}) {
      assertThrows(IllegalArgumentException.class, () -> Receipt.parse(bad), bad);
    }
  }

  @Test
  void onlyOneSpellingIsRead() {
    int refused = 0;
    for (String model : List.of("m", "mm", "mmm")) {
      String canonical = Receipt.sign(KEY, terms(new UUID(0, 0), null, model, 1)).toText();
      char last = canonical.charAt(canonical.length() - 1);
      String other = canonical.substring(0, canonical.length() - 1) + (char) (last + 1);
      try {
        assertFalse(Receipt.parse(other).verify());
      } catch (IllegalArgumentException e) {
        refused++;
      }
    }
    assertTrue(refused > 0, "a length at which base64 leaves bits unused");
  }

  @Test
  void randomBytesAreRefusedAndNeverBreakTheDecoder() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      byte[] noise = new byte[random.nextInt(Receipt.MAX_ENCODED_BYTES + 20)];
      random.nextBytes(noise);
      if (noise.length > 0 && random.nextBoolean()) {
        noise[0] = 2;
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
    for (String model : new String[] {"", "m".repeat(256), "\ud800"}) {
      assertThrows(
          IllegalArgumentException.class, () -> terms(new UUID(0, 0), null, model, 1), model);
    }
    TonAddress nobody = new TonAddress(new byte[32]);
    assertThrows(IllegalArgumentException.class, () -> terms(new UUID(0, 0), nobody, "m", 1));
    byte[] key = KEY.publicKey();
    byte[] signature = new byte[64];
    byte[] none = new byte[0];
    for (Runnable wrong :
        List.<Runnable>of(
            () -> new Receipt(TERMS, new byte[31], 0, none, signature),
            () -> new Receipt(TERMS, key, 0, none, new byte[65]),
            () -> new Receipt(TERMS, key, 1, none, signature),
            () -> new Receipt(TERMS, key, -1, new byte[32], signature),
            () -> new Receipt(TERMS, key, 0, new byte[31], signature),
            () -> new Receipt(TERMS, key, 0, new byte[14 * 32], signature),
            () -> Receipt.sign(KEY, List.of()))) {
      assertThrows(IllegalArgumentException.class, wrong::run);
    }
  }

  @Test
  void arraysOfOthersDoNotChangeIt() {
    Receipt receipt = Receipt.sign(KEY, List.of(TERMS, TERMS)).getFirst();
    receipt.signature()[0]++;
    receipt.routerKey()[0]++;
    receipt.siblings()[0]++;
    assertTrue(receipt.verify());
    assertArrayEquals(KEY.publicKey(), receipt.routerKey());
    assertEquals(receipt.hashCode(), Receipt.decode(receipt.encode()).hashCode());
  }
}
