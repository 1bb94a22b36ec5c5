package org.cocoon.contracts.tool;

import java.math.BigDecimal;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.cocoon.contracts.NanoTon;

/** How people write amounts, spans of time, and keys. */
final class Amounts {
  private static final Pattern TON = Pattern.compile("[0-9]{1,10}(\\.[0-9]{1,9})?");
  private static final Pattern SPAN = Pattern.compile("([0-9]{1,9})([smhd]?)");

  private Amounts() {}

  /** Toncoin with up to nine decimals. */
  static NanoTon ton(String text) throws ToolException {
    if (!TON.matcher(text).matches()) {
      throw usage("'%s' is no amount: write Toncoin with up to nine decimals, like 1.5", text);
    }
    BigDecimal nanos = new BigDecimal(text).movePointRight(9);
    if (nanos.toBigIntegerExact().bitLength() > 63) {
      throw usage("'%s' is more Toncoin than there is", text);
    }
    return new NanoTon(nanos.longValueExact());
  }

  /** Seconds; with a unit: 90s, 15m, 24h, 7d. */
  static long seconds(String text) throws ToolException {
    Matcher span = SPAN.matcher(text);
    if (!span.matches()) {
      throw usage("'%s' is no span of time: write seconds, or a unit like 24h or 7d", text);
    }
    long unit =
        switch (span.group(2)) {
          case "m" -> 60;
          case "h" -> 3_600;
          case "d" -> 86_400;
          default -> 1;
        };
    long seconds = Math.multiplyExact(Long.parseLong(span.group(1)), unit);
    if (seconds > 0xffff_ffffL) {
      throw usage("'%s' is longer than a contract can wait", text);
    }
    return seconds;
  }

  /** 32 bytes in hexadecimal digits. */
  static byte[] bytes32(String what, String text) throws ToolException {
    try {
      byte[] bytes = HexFormat.of().parseHex(text);
      if (bytes.length == 32) {
        return bytes;
      }
    } catch (IllegalArgumentException e) {
      // The same sentence says it.
    }
    throw usage("%s is 64 hexadecimal digits", what);
  }

  @SuppressWarnings("AnnotateFormatMethod") // An annotation would take a dependency.
  static ToolException usage(String format, Object... arguments) {
    return new ToolException(ToolException.USAGE, format.formatted(arguments));
  }
}
