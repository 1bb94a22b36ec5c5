package org.cocoon.link.evidence;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/**
 * Writes the few DER forms (ITU-T X.690) that certificates need.
 *
 * <p>A library would do, but loading and verifying its signed jars took longer than all the
 * cryptography of a start; and what is checked here is strict, see {@link DerValue}.
 */
public final class Der {
  /** Tag of a BOOLEAN. */
  public static final int BOOLEAN = 0x01;

  /** Tag of an INTEGER. */
  public static final int INTEGER = 0x02;

  /** Tag of a BIT STRING. */
  public static final int BIT_STRING = 0x03;

  /** Tag of an OCTET STRING. */
  public static final int OCTET_STRING = 0x04;

  /** Tag of an OBJECT IDENTIFIER. */
  public static final int OBJECT_IDENTIFIER = 0x06;

  /** Tag of a UTF8String. */
  public static final int UTF8_STRING = 0x0c;

  /** Tag of a SEQUENCE. */
  public static final int SEQUENCE = 0x30;

  /** Tag of a SET. */
  public static final int SET = 0x31;

  static final int UTC_TIME = 0x17;
  static final int GENERALIZED_TIME = 0x18;
  private static final int CONTEXT_CONSTRUCTED = 0xa0;

  private static final DateTimeFormatter UTC_TIME_FORMAT =
      DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter GENERALIZED_TIME_FORMAT =
      DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

  /** RFC 5280, 4.1.2.5: from this year on, times have four digits for the year. */
  private static final int GENERALIZED_FROM_YEAR = 2050;

  private Der() {}

  /** A value of any tag: the parts one after the other, behind tag and length. */
  public static byte[] value(int tag, byte[]... parts) {
    int length = 0;
    for (byte[] part : parts) {
      length += part.length;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(length + 4);
    out.write(tag);
    if (length < 0x80) {
      out.write(length);
    } else {
      byte[] digits = BigInteger.valueOf(length).toByteArray();
      int from = digits[0] == 0 ? 1 : 0;
      out.write(0x80 | (digits.length - from));
      out.write(digits, from, digits.length - from);
    }
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  /** A SEQUENCE of encoded values. */
  public static byte[] sequence(byte[]... values) {
    return value(SEQUENCE, values);
  }

  /** An INTEGER. */
  public static byte[] integer(BigInteger integer) {
    return value(INTEGER, integer.toByteArray());
  }

  /** An INTEGER. */
  public static byte[] integer(long integer) {
    return integer(BigInteger.valueOf(integer));
  }

  /** An OCTET STRING. */
  public static byte[] octets(byte[] octets) {
    return value(OCTET_STRING, octets);
  }

  /** A BIT STRING of whole bytes. */
  public static byte[] bits(byte[] bytes) {
    return value(BIT_STRING, new byte[1], bytes);
  }

  /** A UTF8String. */
  public static byte[] text(String text) {
    return value(UTF8_STRING, text.getBytes(UTF_8));
  }

  /** A value inside a context tag, which is how optional fields of a certificate are told apart. */
  public static byte[] tagged(int number, byte[] value) {
    return value(CONTEXT_CONSTRUCTED | number, value);
  }

  /** A time in whole seconds, in the form that certificates need for its year. */
  public static byte[] time(Instant instant) {
    if (instant.atOffset(ZoneOffset.UTC).getYear() < GENERALIZED_FROM_YEAR) {
      return value(UTC_TIME, UTC_TIME_FORMAT.format(instant).getBytes(US_ASCII));
    }
    return value(GENERALIZED_TIME, GENERALIZED_TIME_FORMAT.format(instant).getBytes(US_ASCII));
  }

  /** An OBJECT IDENTIFIER in dotted form, whose numbers may have any size (X.667). */
  public static byte[] oid(String dotted) {
    String[] arcs = dotted.split("\\.", -1);
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    BigInteger first = new BigInteger(arcs[0]).multiply(BigInteger.valueOf(40));
    writeArc(content, first.add(new BigInteger(arcs[1])));
    for (int i = 2; i < arcs.length; i++) {
      writeArc(content, new BigInteger(arcs[i]));
    }
    return value(OBJECT_IDENTIFIER, content.toByteArray());
  }

  private static void writeArc(ByteArrayOutputStream out, BigInteger arc) {
    int digits = Math.max(1, (arc.bitLength() + 6) / 7);
    for (int i = digits - 1; i >= 0; i--) {
      int digit = arc.shiftRight(7 * i).intValue() & 0x7f;
      out.write(i == 0 ? digit : digit | 0x80);
    }
  }
}
