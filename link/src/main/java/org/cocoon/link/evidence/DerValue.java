package org.cocoon.link.evidence;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.math.BigInteger;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.format.ResolverStyle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One value of strict DER: every value has exactly one encoding, and any other is refused.
 *
 * <p>Reads one level at a time and never recurses, so that no input can exhaust the stack. Only
 * tags of one byte are known. The arrays are this value's own and must not be changed.
 *
 * @param tag its first byte, class and form included
 * @param content what it holds
 * @param encoded tag, length and content
 */
public record DerValue(int tag, byte[] content, byte[] encoded) {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuuMMddHHmmss'Z'")
          .withZone(ZoneOffset.UTC)
          .withResolverStyle(ResolverStyle.STRICT);

  /** From this year on, two digits mean the twentieth century. */
  private static final String UTC_TIME_CENTURY = "50";

  /**
   * Reads bytes that hold one value and nothing else.
   *
   * @throws DerException if they do not
   */
  public static DerValue of(byte[] der) throws DerException {
    List<DerValue> values = read(der);
    if (values.size() != 1) {
      throw new DerException("there are " + values.size() + " values, not one");
    }
    return values.getFirst();
  }

  /** Checks the tag and gives the values inside. */
  public List<DerValue> elements(int expectedTag) throws DerException {
    return read(expect(expectedTag));
  }

  /** Checks the tag, and that there are so many values inside. */
  public List<DerValue> elements(int expectedTag, int count) throws DerException {
    List<DerValue> elements = elements(expectedTag);
    if (elements.size() != count) {
      throw new DerException("there are " + elements.size() + " values, not " + count);
    }
    return elements;
  }

  /** Checks the tag and gives the content. */
  public byte[] expect(int expectedTag) throws DerException {
    if (tag != expectedTag) {
      throw new DerException("tag 0x%02x is where 0x%02x belongs".formatted(tag, expectedTag));
    }
    return content;
  }

  /** An INTEGER in its shortest form. */
  public BigInteger integer() throws DerException {
    byte[] bytes = expect(Der.INTEGER);
    if (bytes.length == 0 || !Arrays.equals(new BigInteger(bytes).toByteArray(), bytes)) {
      throw new DerException("an integer is not in its shortest form");
    }
    return new BigInteger(bytes);
  }

  /** An INTEGER from zero to a highest value. */
  public int integerUpTo(int highest) throws DerException {
    BigInteger integer = integer();
    if (integer.signum() < 0 || integer.compareTo(BigInteger.valueOf(highest)) > 0) {
      throw new DerException("an integer is not in 0 to " + highest);
    }
    return integer.intValue();
  }

  /** A UTF8String; broken UTF-8 becomes replacement characters. */
  public String text() throws DerException {
    return new String(expect(Der.UTF8_STRING), UTF_8);
  }

  /** A UTCTime or GeneralizedTime in whole seconds of UTC. RFC 5280, 4.1.2.5. */
  public Instant time() throws DerException {
    if (tag != Der.UTC_TIME && tag != Der.GENERALIZED_TIME) {
      throw new DerException("tag 0x%02x is where a time belongs".formatted(tag));
    }
    String text = new String(content, US_ASCII);
    if (tag == Der.UTC_TIME) {
      text = (text.compareTo(UTC_TIME_CENTURY) >= 0 ? "19" : "20") + text;
    }
    try {
      return TIME.parse(text, Instant::from);
    } catch (DateTimeParseException e) {
      throw new DerException("a time is not in whole seconds of UTC");
    }
  }

  /** A BIT STRING of whole bytes. */
  public byte[] bits() throws DerException {
    byte[] bytes = expect(Der.BIT_STRING);
    if (bytes.length == 0 || bytes[0] != 0) {
      throw new DerException("a bit string does not end at a byte");
    }
    return Arrays.copyOfRange(bytes, 1, bytes.length);
  }

  /** Whether this is that value, byte by byte. */
  public boolean is(byte[] other) {
    return Arrays.equals(encoded, other);
  }

  private static List<DerValue> read(byte[] bytes) throws DerException {
    List<DerValue> values = new ArrayList<>();
    int at = 0;
    while (at < bytes.length) {
      int tag = bytes[at] & 0xff;
      if ((tag & 0x1f) == 0x1f || at + 1 >= bytes.length) {
        throw new DerException("a value has a long tag or no length");
      }
      int first = bytes[at + 1] & 0xff;
      int lengthBytes = first < 0x80 ? 0 : first & 0x7f;
      int contentAt = at + 2 + lengthBytes;
      // Three bytes of length are 16 MB, more than any input here.
      if (first == 0x80 || lengthBytes > 3 || contentAt > bytes.length) {
        throw new DerException("a value has no definite length");
      }
      int length = first < 0x80 ? first : 0;
      for (int i = at + 2; i < contentAt; i++) {
        length = length << 8 | (bytes[i] & 0xff);
      }
      boolean shortest =
          lengthBytes == 0 || (length >= 0x80 && (length >> (8 * (lengthBytes - 1))) > 0);
      if (!shortest || length > bytes.length - contentAt) {
        throw new DerException("a value's length is too long, or not in its shortest form");
      }
      int end = contentAt + length;
      values.add(
          new DerValue(
              tag, Arrays.copyOfRange(bytes, contentAt, end), Arrays.copyOfRange(bytes, at, end)));
      at = end;
    }
    return values;
  }
}
