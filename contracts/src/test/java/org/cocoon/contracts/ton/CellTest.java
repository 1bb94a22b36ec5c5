package org.cocoon.contracts.ton;

import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.junit.jupiter.api.Test;

/** Cells against ton4j's, which was written by others, and against attackers. */
final class CellTest {
  private static final long SEED = 20261126;
  private static final TonAddress ACCOUNT = TonAddress.parse("0:" + "5a".repeat(32));

  @Test
  void hashesAndWritesAsAnotherImplementationDoes() {
    Random random = new Random(SEED);
    for (int round = 0; round < 30; round++) {
      Cell cell = tree(random, 3);
      org.ton.java.cell.Cell theirs = org.ton.java.cell.Cell.fromBoc(cell.toBoc());
      assertArrayEquals(theirs.getHash(), cell.hash(), "seed " + SEED + ", round " + round);
      for (boolean index : new boolean[] {false, true}) {
        for (boolean checksum : new boolean[] {false, true}) {
          assertEquals(cell, Cell.fromBoc(theirs.toBoc(checksum, index)));
        }
      }
      assertArrayEquals(cell.toBoc(), Cell.fromBoc(cell.toBoc()).toBoc());
    }
  }

  @Test
  void readsWhatItWrote() {
    Random random = new Random(SEED);
    for (int round = 0; round < 500; round++) {
      int shift = random.nextInt(8);
      long number = random.nextLong() >>> 1;
      long any = random.nextLong();
      byte[] bytes = new byte[random.nextInt(20)];
      random.nextBytes(bytes);
      NanoTon amount = new NanoTon(number >>> random.nextInt(63));
      CellWriter writer = new CellWriter();
      for (int i = 0; i < shift; i++) {
        writer.bit(random.nextBoolean());
      }
      Cell below = new CellWriter().uint(number, 63).end();
      Cell cell =
          writer
              .uint(number, 63)
              .bits64(any)
              .int32((int) any)
              .bytes(bytes)
              .coins(amount)
              .coins(BigInteger.valueOf(number))
              .address(ACCOUNT)
              .noAddress()
              .maybeRef(Optional.of(below))
              .maybeRef(Optional.empty())
              .end();
      CellReader in = Cell.fromBoc(cell.toBoc()).read().skip(shift);
      assertEquals(number, in.uint(63));
      assertEquals(any, in.bits64());
      assertEquals((int) any, in.int32());
      assertArrayEquals(bytes, in.bytes(bytes.length));
      assertEquals(amount, in.coins());
      assertEquals(new NanoTon(number), in.coins());
      assertEquals(Optional.of(ACCOUNT), in.address());
      assertEquals(Optional.empty(), in.address());
      assertEquals(Optional.of(below), in.maybeRef());
      assertEquals(Optional.empty(), in.maybeRef());
      in.end();
      assertThrows(IllegalArgumentException.class, in::bit);
      assertThrows(IllegalArgumentException.class, in::ref);
    }
  }

  /** Ways through such a graph double with every cell; a cell is only looked at once. */
  @Test
  void takesNoLongerForCellsThatAreSharedManyTimes() {
    assertTimeoutPreemptively(
        ofSeconds(10),
        () -> {
          Cell cell = new CellWriter().uint(1, 8).end();
          for (int i = 0; i < Cell.MAX_DEPTH; i++) {
            cell = new CellWriter().uint(i, 16).ref(cell).ref(cell).ref(cell).ref(cell).end();
          }
          byte[] boc = cell.toBoc();
          Cell again = Cell.fromBoc(boc);
          assertEquals(cell, again);
          assertEquals(Cell.MAX_DEPTH, again.depth());
          Cell top = cell;
          assertThrows(
              IllegalArgumentException.class, () -> new CellWriter().ref(top).end().depth());
        });
  }

  @Test
  void refusesWhatIsNoBagOfCells() {
    byte[] good = tree(new Random(SEED), 3).toBoc();
    for (int length = 0; length < good.length; length++) {
      byte[] cut = java.util.Arrays.copyOf(good, length);
      assertThrows(IllegalArgumentException.class, () -> Cell.fromBoc(cut));
    }
    byte[] longer = java.util.Arrays.copyOf(good, good.length + 1);
    assertThrows(IllegalArgumentException.class, () -> Cell.fromBoc(longer));
    assertThrows(IllegalArgumentException.class, () -> Cell.fromBoc(new byte[(2 << 20) + 1]));
    // Without a checksum a flipped bit may be another bag; it is never another error.
    byte[] plain = org.ton.java.cell.Cell.fromBoc(good).toBoc(false);
    Random random = new Random(SEED);
    int refused = 0;
    for (int round = 0; round < 20_000; round++) {
      byte[] flipped = plain.clone();
      for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
        flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
      }
      try {
        Cell.fromBoc(flipped);
      } catch (IllegalArgumentException e) {
        refused++;
      }
    }
    assertTrue(refused > 1_000, "refused " + refused);
    for (String circle :
        List.of(
            // One cell that refers to itself, and one to a cell that is not there.
            "b5ee9c72010101010003000100" + "00", "b5ee9c72010101010003000100" + "05")) {
      assertThrows(
          IllegalArgumentException.class, () -> Cell.fromBoc(HexFormat.of().parseHex(circle)));
    }
  }

  @Test
  void refusesMoreCellsThanItsBound() {
    List<Cell> level = new ArrayList<>();
    for (int i = 0; i < BagOfCells.MAX_CELLS; i++) {
      level.add(new CellWriter().uint(i, 32).end());
    }
    while (level.size() > 1) {
      List<Cell> above = new ArrayList<>();
      for (int i = 0; i < level.size(); i += 4) {
        CellWriter writer = new CellWriter().uint(i, 32);
        level.subList(i, Math.min(i + 4, level.size())).forEach(writer::ref);
        above.add(writer.end());
      }
      level = above;
    }
    byte[] boc = level.getFirst().toBoc();
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> Cell.fromBoc(boc));
    assertTrue(
        String.valueOf(String.valueOf(refusal.getMessage())).contains("cells"),
        refusal.getMessage());
  }

  @Test
  void readsExoticCells() {
    byte[] hash = new CellWriter().uint(7, 8).end().hash();
    Cell library = new CellWriter().uint(2, 8).bytes(hash).end(true);
    assertEquals(library, Cell.fromBoc(library.toBoc()));
    Cell body = new CellWriter().uint(5, 8).ref(new CellWriter().uint(7, 8).end()).end();
    Cell pruned = new CellWriter().uint(1, 8).uint(1, 8).bytes(hash).uint(0, 16).end(true);
    Cell virtual = new CellWriter().uint(5, 8).ref(pruned).end();
    Cell proof = new CellWriter().uint(3, 8).bytes(body.hash()).uint(1, 16).ref(virtual).end(true);
    // The proof's child, seen from outside, is the cell that it proves.
    assertArrayEquals(body.hash(), virtual.hashes().hash(0));
    assertEquals(0, proof.hashes().mask());
    assertEquals(proof, Cell.fromBoc(proof.toBoc()));
    assertArrayEquals(org.ton.java.cell.Cell.fromBoc(proof.toBoc()).getHash(), proof.hash());
    assertThrows(
        IllegalArgumentException.class, () -> new CellWriter().uint(2, 8).uint(1, 8).end(true));
    assertThrows(IllegalArgumentException.class, () -> new CellWriter().uint(9, 8).end(true));
  }

  @Test
  void readsDictionaries() {
    // {1: 10, 2: 20, 255: 30} of 8-bit keys and 8-bit values, as @ton/core writes it.
    Cell ones = new CellWriter().uint(0b0, 1).end();
    assertThrows(
        IllegalArgumentException.class,
        () -> Dictionary.read(Optional.of(ones), 8, 10, in -> in.uint(8)));
    // hml_long of 8 bits: one entry, key 0xab.
    Cell one = new CellWriter().uint(0b10, 2).uint(8, 4).uint(0xab, 8).uint(42, 8).end();
    assertEquals(
        Map.of(BigInteger.valueOf(0xab), 42L),
        Dictionary.read(Optional.of(one), 8, 10, in -> in.uint(8)));
    assertThrows(
        IllegalArgumentException.class,
        () -> Dictionary.read(Optional.of(one), 8, 0, in -> in.uint(8)));
    // A fork with nothing in common: hml_short of 0 bits, then hml_same of seven bits each.
    Cell left = new CellWriter().uint(0b110, 3).uint(7, 3).uint(1, 8).end();
    Cell right = new CellWriter().uint(0b111, 3).uint(7, 3).uint(2, 8).end();
    Cell fork = new CellWriter().uint(0b00, 2).ref(left).ref(right).end();
    assertEquals(
        Map.of(BigInteger.ZERO, 1L, BigInteger.valueOf(255), 2L),
        Dictionary.read(Optional.of(fork), 8, 10, in -> in.uint(8)));
    Cell tooLong = new CellWriter().uint(0b110, 3).uint(9, 4).uint(1, 8).end();
    assertThrows(
        IllegalArgumentException.class,
        () -> Dictionary.read(Optional.of(tooLong), 8, 10, in -> in.uint(8)));
  }

  private static Cell tree(Random random, int depth) {
    CellWriter writer = new CellWriter();
    int bits = random.nextInt(Cell.MAX_BITS + 1);
    for (int i = 0; i < bits; i++) {
      writer.bit(random.nextBoolean());
    }
    for (int i = depth == 0 ? 0 : random.nextInt(5); i > 0; i--) {
      writer.ref(tree(random, depth - 1));
    }
    return writer.end();
  }
}
