package org.cocoon.devnet.cell;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * An account's address (TEP-2).
 *
 * @param workchain 0, the basechain, or -1, the masterchain
 * @param hash 32 bytes
 */
public record Address(int workchain, byte[] hash) {
  static final int HASH_BYTES = 32;
  private static final int FRIENDLY_BYTES = 36;
  private static final int FRIENDLY_CHARS = 48;
  private static final int BOUNCEABLE = 0x11;
  private static final int NOT_BOUNCEABLE = 0x51;
  private static final int TEST_ONLY = 0x80;
  private static final int MAX_SHOWN = 80;

  /** Copies the hash. */
  public Address {
    if (workchain != 0 && workchain != -1) {
      throw new CellException("workchain " + workchain + " is neither 0 nor -1");
    }
    if (hash.length != HASH_BYTES) {
      throw new CellException("an account's hash has 32 bytes, not " + hash.length);
    }
    hash = hash.clone();
  }

  /** Reads an address as wallets show it, or raw: workchain, colon, 64 hexadecimal digits. */
  public static Address parse(String text) {
    int colon = text.indexOf(':');
    if (colon >= 0) {
      try {
        int workchain = Integer.parseInt(text.substring(0, colon));
        return new Address(workchain, HexFormat.of().parseHex(text.substring(colon + 1)));
      } catch (IllegalArgumentException e) {
        throw wrong(text, "a raw address is 0 or -1, a colon and 64 hexadecimal digits");
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
    if (bytes.length != FRIENDLY_BYTES || crc16(bytes, FRIENDLY_BYTES) != 0) {
      throw wrong(text, "its checksum does not fit: a character is mistyped");
    }
    int kind = bytes[0] & 0xff & ~TEST_ONLY;
    if (kind != BOUNCEABLE && kind != NOT_BOUNCEABLE) {
      throw wrong(text, "it has an unknown kind");
    }
    return new Address(bytes[1], Arrays.copyOfRange(bytes, 2, 2 + HASH_BYTES));
  }

  /** As wallets show it, 48 characters, for the main network. */
  public String friendly(boolean bounceable) {
    ByteBuffer bytes = ByteBuffer.allocate(FRIENDLY_BYTES);
    bytes.put((byte) (bounceable ? BOUNCEABLE : NOT_BOUNCEABLE)).put((byte) workchain).put(hash);
    bytes.putShort((short) crc16(bytes.array(), FRIENDLY_BYTES - 2));
    return Base64.getUrlEncoder().encodeToString(bytes.array());
  }

  /** A copy of the hash, 32 bytes. */
  @Override
  public byte[] hash() {
    return hash.clone();
  }

  /** Raw: workchain, colon and 64 lower-case hexadecimal digits. */
  @Override
  public String toString() {
    return workchain + ":" + HexFormat.of().formatHex(hash);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Address that
        && workchain == that.workchain
        && Arrays.equals(hash, that.hash);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hash);
  }

  /** CRC-16/XMODEM, which also numbers get-methods; over bytes that end with their own it is 0. */
  public static int crc16(byte[] bytes, int length) {
    int crc = 0;
    for (int i = 0; i < length; i++) {
      crc ^= (bytes[i] & 0xff) << 8;
      for (int bit = 0; bit < Byte.SIZE; bit++) {
        crc = (crc & 0x8000) != 0 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1 & 0xffff;
      }
    }
    return crc;
  }

  private static CellException wrong(String text, String why) {
    String shown = text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "..." : text;
    return new CellException("'%s' is no TON address: %s".formatted(shown, why));
  }
}
