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
    "100, 10000, 10000, 12, 345, 1000, 35700",
    "100, 5000, 20000, 12, 345, 1500, 104400",
    "1, 1, 1, 1, 0, 1, 1",
    "3, 3333, 10001, 7, 11, 999, 40",
    "1000000000000000, 1000000, 1000000, 2147483647, 0, 0, 0",
    "1000000000000000, 10000, 30000, 1000, 1000, 2000, 8000000000000000000",
    "999999999999, 123456, 654321, 1234, 9, 123456, 1953488645738846512",
  })
  void costsWhatTheFormulaSays(
      long price,
      int promptMultiplier,
      int completionMultiplier,
      long promptTokens,
      long completionTokens,
      int coefficient,
      long nanoton) {
    assertEquals(
        new NanoTon(nanoton),
        new Price(price, promptMultiplier, completionMultiplier)
            .cost(promptTokens, completionTokens, coefficient));
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
              spread(random, Price.MAX_NANOTON_PER_TOKEN),
              (int) spread(random, Price.MAX_MULTIPLIER),
              (int) spread(random, Price.MAX_MULTIPLIER));
      long prompt = spread(random, Price.MAX_TOKENS);
      long completion = spread(random, Price.MAX_TOKENS);
      int coefficient = (int) spread(random, Price.MAX_COEFFICIENT);
      BigDecimal product =
          BigDecimal.valueOf(prompt)
              .multiply(BigDecimal.valueOf(price.promptMultiplier()))
              .add(
                  BigDecimal.valueOf(completion)
                      .multiply(BigDecimal.valueOf(price.completionMultiplier())))
              .multiply(BigDecimal.valueOf(coefficient))
              .multiply(BigDecimal.valueOf(price.nanotonPerToken()));
      assertTrue(product.toBigInteger().bitLength() <= 127, "128 bits are enough");
      BigInteger exact = product.movePointLeft(7).setScale(0, RoundingMode.CEILING).toBigInteger();
      String what = "seed " + seed + ": " + price + " " + prompt + " " + completion;
      if (exact.bitLength() <= 63) {
        assertEquals(exact.longValue(), price.cost(prompt, completion, coefficient).nanos(), what);
        assertEquals(
            exact.longValue(), price.atMost(prompt, completion, coefficient).nanos(), what);
        beyondProducts += product.toBigInteger().bitLength() > 63 ? 1 : 0;
      } else {
        beyondLong++;
        assertThrows(
            ArithmeticException.class, () -> price.cost(prompt, completion, coefficient), what);
        assertEquals(Long.MAX_VALUE, price.atMost(prompt, completion, coefficient).nanos(), what);
      }
    }
    assertTrue(beyondLong > 100 && beyondProducts > 100, "both ways are taken, seed " + seed);
  }

  @Test
  void refusesWhatIsOutOfBounds() {
    Price price = Price.perToken(100);
    assertThrows(IllegalArgumentException.class, () -> price.cost(-1, 0, 1_000));
    assertThrows(IllegalArgumentException.class, () -> price.cost(0, 1L << 31, 1_000));
    assertThrows(IllegalArgumentException.class, () -> price.cost(0, 0, -1));
    assertThrows(IllegalArgumentException.class, () -> price.atMost(0, 0, 1_000_001));
    assertThrows(IllegalArgumentException.class, () -> Price.perToken(-1));
    assertThrows(IllegalArgumentException.class, () -> new Price(1, 1_000_001, 1));
    assertThrows(IllegalArgumentException.class, () -> new Price(1, 1, -1));
  }

  /** Of any magnitude up to the bound, and now and then the bound itself. */
  private static long spread(Random random, long max) {
    if (random.nextInt(8) == 0) {
      return max;
    }
    int bits = random.nextInt(64 - Long.numberOfLeadingZeros(max)) + 1;
    return Math.min(max, random.nextLong(1L << bits));
  }
}
