package org.cocoon.worker.earnings;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * The TON account that earnings are paid to, in the basechain.
 *
 * @param hash of the account, 32 bytes
 */
public record PayoutAddress(byte[] hash) {
  private static final int HASH_BYTES = 32;
  private static final int FRIENDLY_BYTES = 36;
  private static final int FRIENDLY_CHARS = 48;
  private static final int TEST_ONLY = 0x80;
  private static final int BOUNCEABLE = 0x11;
  private static final int NOT_BOUNCEABLE = 0x51;
  private static final String BASECHAIN = "0:";

  /** Copies the bytes. */
  public PayoutAddress {
    if (hash.length != HASH_BYTES) {
      throw new IllegalArgumentException("an account's hash has 32 bytes, not " + hash.length);
    }
    hash = hash.clone();
  }

  /**
   * Reads an address as wallets show it (TEP-2: 48 characters of base64 with a checksum) or raw,
   * "0:" and 64 hexadecimal digits.
   *
   * @throws IllegalArgumentException a sentence that says what is wrong with it
   */
  public static PayoutAddress parse(String text) {
    if (text.startsWith(BASECHAIN)) {
      if (text.length() != BASECHAIN.length() + 2 * HASH_BYTES) {
        throw wrong(text, "a raw address has 64 hexadecimal digits after '0:'");
      }
      try {
        return new PayoutAddress(HexFormat.of().parseHex(text, BASECHAIN.length(), text.length()));
      } catch (IllegalArgumentException e) {
        throw wrong(text, "a raw address has 64 hexadecimal digits after '0:'");
      }
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
    if (bytes[1] != 0) {
      throw wrong(text, "it is not in the basechain");
    }
    return new PayoutAddress(Arrays.copyOfRange(bytes, 2, 2 + HASH_BYTES));
  }

  /** Raw: "0:" and 64 lower-case hexadecimal digits. */
  @Override
  public String toString() {
    return BASECHAIN + HexFormat.of().formatHex(hash);
  }

  /** A copy of the account's hash, 32 bytes. */
  @Override
  public byte[] hash() {
    return hash.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PayoutAddress that && Arrays.equals(hash, that.hash);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hash);
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
