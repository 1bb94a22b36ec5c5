package org.cocoon.link.registry;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The address of a contract on TON, raw.
 *
 * @param raw workchain, colon, and 64 lower-case hexadecimal digits
 */
public record RegistryAddress(String raw) {
  private static final Pattern RAW = Pattern.compile("(0|-1):[0-9a-fA-F]{64}");
  private static final int FRIENDLY_BYTES = 36;
  private static final int FRIENDLY_CHARS = 48;
  private static final int TEST_ONLY = 0x80;
  private static final int BOUNCEABLE = 0x11;
  private static final int NOT_BOUNCEABLE = 0x51;

  /** Checks the form. */
  public RegistryAddress {
    if (!RAW.matcher(raw).matches()) {
      throw wrong(raw, "a raw address is '0:' and 64 hexadecimal digits");
    }
    raw = raw.toLowerCase(Locale.ROOT);
  }

  /**
   * Reads an address raw, or as wallets show it (TEP-2: 48 characters of base64 with a checksum).
   *
   * @throws IllegalArgumentException a sentence that says what is wrong with it
   */
  public static RegistryAddress parse(String text) {
    if (text.contains(":")) {
      return new RegistryAddress(text);
    }
    if (text.length() != FRIENDLY_CHARS) {
      throw wrong(text, "an address has 48 characters, or is '0:' and 64 hexadecimal digits");
    }
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(text.replace('+', '-').replace('/', '_'));
    } catch (IllegalArgumentException e) {
      throw wrong(text, "it is not base64");
    }
    if (bytes.length != FRIENDLY_BYTES || crc16(bytes) != 0) {
      throw wrong(text, "its checksum does not fit: a character is mistyped");
    }
    int kind = bytes[0] & 0xff & ~TEST_ONLY;
    if (kind != BOUNCEABLE && kind != NOT_BOUNCEABLE) {
      throw wrong(text, "it has an unknown kind");
    }
    return new RegistryAddress(
        bytes[1] + ":" + HexFormat.of().formatHex(Arrays.copyOfRange(bytes, 2, 34)));
  }

  @Override
  public String toString() {
    return raw;
  }

  /** CRC-16/XMODEM; over bytes that end with their own checksum it is 0. */
  private static int crc16(byte[] bytes) {
    int crc = 0;
    for (byte each : bytes) {
      crc ^= (each & 0xff) << 8;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 0x8000) != 0 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1 & 0xffff;
      }
    }
    return crc;
  }

  private static IllegalArgumentException wrong(String text, String why) {
    String shown = text.length() > 80 ? text.substring(0, 80) + "..." : text;
    return new IllegalArgumentException("'%s' is no TON address: %s".formatted(shown, why));
  }
}
