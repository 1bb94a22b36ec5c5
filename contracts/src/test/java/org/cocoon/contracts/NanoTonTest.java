package org.cocoon.contracts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class NanoTonTest {
  private static final NanoTon MOST = new NanoTon(Long.MAX_VALUE);

  @Test
  void isNeverNegativeAndNeverWrapsAround() {
    assertThrows(IllegalArgumentException.class, () -> new NanoTon(-1));
    assertThrows(IllegalArgumentException.class, () -> new NanoTon(1).minus(new NanoTon(2)));
    assertThrows(ArithmeticException.class, () -> MOST.plus(new NanoTon(1)));
    assertThrows(ArithmeticException.class, () -> NanoTon.ofTon(9_223_372_037L));
    assertEquals(MOST, MOST.minus(NanoTon.ZERO));
  }

  @Test
  void addsComparesAndPrints() {
    NanoTon oneAndAHalf = NanoTon.ofTon(1).plus(new NanoTon(500_000_000));
    assertEquals("1.500000000 TON", oneAndAHalf.toString());
    assertEquals("0.000000007 TON", new NanoTon(7).toString());
    assertTrue(oneAndAHalf.compareTo(NanoTon.ofTon(2)) < 0);
    assertEquals(oneAndAHalf, NanoTon.min(NanoTon.ofTon(2), oneAndAHalf));
  }
}
