package org.cocoon.contracts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PriceTest {

  /** Computed apart, with Python's integers. */
  @ParameterizedTest
  @CsvSource({
    "10000000, 10000000, 10000000, 10000000, 12, 0, 345, 0, 1000, 3570",
    "5000000, 1000000, 20000000, 30000000, 100, 40, 345, 45, 1500, 11535",
    "1, 1, 1, 1, 1, 0, 0, 0, 1, 1",
    "3, 2, 5, 7, 1000000, 333333, 1000001, 7, 999, 8",
    "1000000000000000, 0, 0, 0, 2147483647, 0, 0, 0, 0, 0",
    "1000000000000000, 1, 1, 1, 2147483647, 0, 0, 0, 1000, 2147483647000000000",
    "999999999999, 123456, 654321, 1234, 9000, 8999, 123456, 1, 123456, 133565835",
  })
  void costsWhatTheFormulaSays(
      long prompt,
      long cached,
      long completion,
      long reasoning,
      long promptTokens,
      long cachedTokens,
      long completionTokens,
      long reasoningTokens,
      int coefficient,
      long nanoton) {
    assertEquals(
        new NanoTon(nanoton),
        new Price(prompt, cached, completion, reasoning)
            .cost(
                new UsedTokens(promptTokens, cachedTokens, completionTokens, reasoningTokens),
                coefficient));
  }

  @Test
  void agreesWithExactArithmeticOverAllItsRange() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int beyondLong = 0;
    int beyondProducts = 0;
    for (int i = 0; i < 20_000; i++) {
      Price price =
          new Price(
              spread(random, Price.MAX_PER_MILLION),
              spread(random, Price.MAX_PER_MILLION),
              spread(random, Price.MAX_PER_MILLION),
              spread(random, Price.MAX_PER_MILLION));
      long prompt = spread(random, Price.MAX_TOKENS);
      long completion = spread(random, Price.MAX_TOKENS);
      UsedTokens used =
          new UsedTokens(prompt, spread(random, prompt), completion, spread(random, completion));
      int coefficient = (int) spread(random, Price.MAX_COEFFICIENT);
      BigDecimal product =
          times(used.prompt() - used.cachedPrompt(), price.prompt())
              .add(times(used.cachedPrompt(), price.cachedPrompt()))
              .add(times(used.completion() - used.reasoning(), price.completion()))
              .add(times(used.reasoning(), price.reasoning()))
              .multiply(BigDecimal.valueOf(coefficient));
      assertTrue(product.toBigInteger().bitLength() <= 127, "128 bits are enough");
      BigInteger exact = product.movePointLeft(9).setScale(0, RoundingMode.CEILING).toBigInteger();
      String what = "seed " + seed + ": " + price + " " + used;
      if (exact.bitLength() <= 63) {
        assertEquals(exact.longValue(), price.cost(used, coefficient).nanos(), what);
        beyondProducts += product.toBigInteger().bitLength() > 63 ? 1 : 0;
        assertTrue(
            price.atMost(prompt, completion, coefficient).nanos() >= exact.longValue(), what);
      } else {
        beyondLong++;
        assertThrows(ArithmeticException.class, () -> price.cost(used, coefficient), what);
        assertEquals(Long.MAX_VALUE, price.atMost(prompt, completion, coefficient).nanos(), what);
      }
    }
    assertTrue(beyondLong > 100 && beyondProducts > 100, "both ways are taken, seed " + seed);
  }

  @Test
  void holdsNoMoreThanTheDearestKindsMake() {
    Price price = new Price(5_000_000, 1_000_000, 20_000_000, 30_000_000);
    assertEquals(new NanoTon(100 * 5 + 200 * 30), price.atMost(100, 200, Price.UNIT_COEFFICIENT));
    assertEquals(new NanoTon(100 * 5), price.cost(UsedTokens.of(100, 0), Price.UNIT_COEFFICIENT));
  }

  @Test
  void refusesWhatIsOutOfBounds() {
    Price price = Price.perMillion(100);
    assertThrows(IllegalArgumentException.class, () -> UsedTokens.of(-1, 0));
    assertThrows(IllegalArgumentException.class, () -> UsedTokens.of(0, 1L << 31));
    assertThrows(IllegalArgumentException.class, () -> new UsedTokens(1, 2, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> new UsedTokens(1, 0, 3, 4));
    assertThrows(IllegalArgumentException.class, () -> price.cost(UsedTokens.of(0, 0), -1));
    assertThrows(IllegalArgumentException.class, () -> price.atMost(0, 0, 1_000_001));
    assertThrows(IllegalArgumentException.class, () -> price.atMost(0, 1L << 31, 1));
    assertThrows(IllegalArgumentException.class, () -> Price.perMillion(-1));
    assertThrows(
        IllegalArgumentException.class, () -> new Price(0, 0, 0, Price.MAX_PER_MILLION + 1));
  }

  private static BigDecimal times(long tokens, long price) {
    return BigDecimal.valueOf(tokens).multiply(BigDecimal.valueOf(price));
  }

  /** Of any magnitude up to the bound, and now and then the bound itself. */
  private static long spread(Random random, long max) {
    if (max == 0 || random.nextInt(8) == 0) {
      return max;
    }
    int bits = random.nextInt(64 - Long.numberOfLeadingZeros(max)) + 1;
    return Math.min(max, random.nextLong(1L << bits));
  }
}
