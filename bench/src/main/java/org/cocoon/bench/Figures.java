package org.cocoon.bench;

import java.util.Locale;

/** Numbers as reports write them. */
final class Figures {
  private Figures() {}

  /** A number with the digits that matter: thousands apart, at most three decimals. */
  static String number(double value) {
    double size = Math.abs(value);
    String pattern = size >= 100 || value == Math.rint(value) ? "%,.0f" : "%.2f";
    return String.format(Locale.ROOT, size < 0.1 && size > 0 ? "%.4f" : pattern, value);
  }

  /** Nanoseconds as milliseconds. */
  static String millis(long nanos) {
    return millis((double) nanos);
  }

  /** Nanoseconds as milliseconds. */
  static String millis(double nanos) {
    double millis = nanos / 1e6;
    return String.format(
        Locale.ROOT, millis >= 1000 ? "%,.0f" : millis >= 100 ? "%.1f" : "%.3f", millis);
  }

  /** A part of one as per cent. */
  static String percent(double part) {
    return String.format(Locale.ROOT, "%.1f %%", part * 100);
  }
}
