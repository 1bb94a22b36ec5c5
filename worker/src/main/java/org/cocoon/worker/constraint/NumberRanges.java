package org.cocoon.worker.constraint;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Numbers between two bounds, as grammar over their decimal digits.
 *
 * <p>A range of numbers with so many decimal places is a range of integers with a point put into
 * them. It is exact: a number's digits decide, not what a double makes of them.
 */
final class NumberRanges {
  /** What a missing bound counts as, in digits: a long holds it. */
  private static final int MOST_DIGITS = 18;

  /** The same of numbers that may have decimal places. */
  private static final int MOST_WHOLE_DIGITS = 9;

  /** Decimal places that are offered beyond those of the bounds. */
  private static final int MORE_PLACES = 2;

  private static final int MOST_BOUND_PLACES = 10;

  private final Grammar grammar;
  private final JsonText json;

  /**
   * The bounds of a number.
   *
   * @param least null: none
   * @param aboveLeast whether the bound itself is out
   * @param most null: none
   * @param belowMost whether the bound itself is out
   */
  record Bounds(
      @Nullable BigDecimal least,
      boolean aboveLeast,
      @Nullable BigDecimal most,
      boolean belowMost) {
    boolean isUnbounded() {
      return least == null && most == null;
    }

    /** The tighter of this and another lower bound. */
    Bounds atLeast(@Nullable BigDecimal bound, boolean above) {
      if (bound == null || (least != null && least.compareTo(bound) > 0)) {
        return this;
      }
      boolean same = least != null && least.compareTo(bound) == 0;
      return new Bounds(bound, above || (same && aboveLeast), most, belowMost);
    }

    /** The tighter of this and another upper bound. */
    Bounds atMost(@Nullable BigDecimal bound, boolean below) {
      if (bound == null || (most != null && most.compareTo(bound) < 0)) {
        return this;
      }
      boolean same = most != null && most.compareTo(bound) == 0;
      return new Bounds(least, aboveLeast, bound, below || (same && belowMost));
    }

    /** The smallest integer that is within, of numbers times a power of ten. */
    private BigInteger lowest(int places, int wholeDigits) {
      if (least == null) {
        return BigInteger.TEN.pow(wholeDigits + places).negate().add(BigInteger.ONE);
      }
      BigInteger bound = scaled(least, places, RoundingMode.CEILING);
      boolean onIt = new BigDecimal(bound, places).compareTo(least) == 0;
      return aboveLeast && onIt ? bound.add(BigInteger.ONE) : bound;
    }

    private BigInteger highest(int places, int wholeDigits) {
      if (most == null) {
        return BigInteger.TEN.pow(wholeDigits + places).subtract(BigInteger.ONE);
      }
      BigInteger bound = scaled(most, places, RoundingMode.FLOOR);
      boolean onIt = new BigDecimal(bound, places).compareTo(most) == 0;
      return belowMost && onIt ? bound.subtract(BigInteger.ONE) : bound;
    }

    private static BigInteger scaled(BigDecimal bound, int places, RoundingMode rounding) {
      return bound.setScale(places, rounding).unscaledValue();
    }

    /** Whether the grammar can hold numbers of this size. */
    boolean fits() {
      return fits(least) && fits(most);
    }

    private static boolean fits(@Nullable BigDecimal bound) {
      return bound == null || bound.precision() - bound.scale() <= MOST_DIGITS;
    }
  }

  NumberRanges(Grammar grammar, JsonText json) {
    this.grammar = grammar;
    this.json = json;
  }

  /** The integers within bounds. */
  Node integers(Bounds bounds) {
    return places(bounds, 0, digits(bounds, MOST_DIGITS));
  }

  /** The numbers within bounds, with a few more decimal places than the bounds have. */
  Node numbers(Bounds bounds) {
    int wholeDigits = digits(bounds, MOST_WHOLE_DIGITS);
    List<Node> options = new ArrayList<>();
    int most = Math.max(scale(bounds.least()), scale(bounds.most())) + MORE_PLACES;
    for (int places = 0; places <= most; places++) {
      options.add(places(bounds, places, wholeDigits));
    }
    return grammar.choice(options);
  }

  private static int digits(Bounds bounds, int usual) {
    return Math.max(usual, Math.max(wholeDigits(bounds.least()), wholeDigits(bounds.most())));
  }

  private static int wholeDigits(@Nullable BigDecimal bound) {
    return bound == null ? 0 : bound.precision() - bound.scale() + 1;
  }

  private static int scale(@Nullable BigDecimal bound) {
    int scale = bound == null ? 0 : bound.stripTrailingZeros().scale();
    return Math.clamp(scale, 0, MOST_BOUND_PLACES); // a finer bound is taken a little tighter
  }

  private Node places(Bounds bounds, int places, int wholeDigits) {
    BigInteger low = bounds.lowest(places, wholeDigits);
    BigInteger high = bounds.highest(places, wholeDigits);
    List<Node> options = new ArrayList<>();
    if (high.signum() >= 0 && low.compareTo(high) <= 0) {
      positive(low.max(BigInteger.ZERO), high, places, options);
    }
    if (low.signum() < 0 && low.compareTo(high) <= 0) {
      List<Node> opposite = new ArrayList<>();
      positive(high.min(BigInteger.ONE.negate()).negate(), low.negate(), places, opposite);
      options.add(grammar.sequence(grammar.text("-"), grammar.choice(opposite)));
    }
    return options.isEmpty() ? grammar.never : grammar.choice(options);
  }

  /** Neither end below 0; numbers of one length at a time. */
  private void positive(BigInteger low, BigInteger high, int places, List<Node> options) {
    int most = Math.max(high.toString().length(), places + 1);
    for (int length = places + 1; length <= most; length++) {
      BigInteger first = length == places + 1 ? BigInteger.ZERO : BigInteger.TEN.pow(length - 1);
      BigInteger last = BigInteger.TEN.pow(length).subtract(BigInteger.ONE);
      BigInteger from = low.max(first);
      BigInteger to = high.min(last);
      if (from.compareTo(to) <= 0) {
        options.add(between(padded(from, length), padded(to, length), places));
      }
    }
  }

  private static String padded(BigInteger value, int length) {
    String digits = value.toString();
    return "0".repeat(length - digits.length()) + digits;
  }

  /** The strings of digits between two of the same length, with a point before the last ones. */
  private Node between(String low, String high, int places) {
    if (low.isEmpty()) {
      return grammar.nothing;
    }
    String lowRest = low.substring(1);
    String highRest = high.substring(1);
    String zeros = "0".repeat(lowRest.length());
    String nines = "9".repeat(lowRest.length());
    char first = low.charAt(0);
    char last = high.charAt(0);
    if (first == last) {
      return digits(first, last, between(lowRest, highRest, places), lowRest.length(), places);
    }
    List<Node> options = new ArrayList<>();
    boolean lowIsWhole = lowRest.equals(zeros);
    boolean highIsWhole = highRest.equals(nines);
    char from = lowIsWhole ? first : (char) (first + 1);
    char to = highIsWhole ? last : (char) (last - 1);
    int left = lowRest.length();
    if (!lowIsWhole) {
      options.add(digits(first, first, between(lowRest, nines, places), left, places));
    }
    if (from <= to) {
      options.add(digits(from, to, any(left, places), left, places));
    }
    if (!highIsWhole) {
      options.add(digits(last, last, between(zeros, highRest, places), left, places));
    }
    return grammar.choice(options);
  }

  /** One digit of a range, the point if it stands here, and the rest. */
  private Node digits(char from, char to, Node rest, int left, int places) {
    Node point = left == places && places > 0 ? grammar.text(".") : grammar.nothing;
    return grammar.sequence(grammar.bytes(from, to), point, rest);
  }

  private Node any(int length, int places) {
    if (length == 0) {
      return grammar.nothing;
    }
    if (length <= places) {
      return grammar.repeat(json.digit, length, length);
    }
    Node whole = grammar.repeat(json.digit, length - places, length - places);
    return places == 0
        ? whole
        : grammar.sequence(whole, grammar.text("."), grammar.repeat(json.digit, places, places));
  }
}
