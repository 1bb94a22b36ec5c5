package org.cocoon.contracts;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * An account of TON's basechain, the only workchain that Cocoon's contracts live in.
 *
 * @param hash of its state at deployment, 32 bytes
 */
public record TonAddress(byte[] hash) implements Comparable<TonAddress> {
  /** Length of {@link #bytes()}: the workchain and the hash. */
  public static final int BYTES = 33;

  private static final int HASH_BYTES = 32;
  private static final String BASECHAIN = "0:";
  private static final int FRIENDLY_BYTES = 36;
  private static final int FRIENDLY_CHARS = 48;
  private static final int BOUNCEABLE = 0x11;
  private static final int NOT_BOUNCEABLE = 0x51;
  private static final int TEST_ONLY = 0x80;
  private static final int MAX_SHOWN = 80;

  /** Copies the hash. */
  public TonAddress {
    if (hash.length != HASH_BYTES) {
      throw new IllegalArgumentException("an account's hash has 32 bytes, not " + hash.length);
    }
    hash = hash.clone();
  }

  /**
   * Reads an address as wallets show it (TEP-2) or raw, "0:" and 64 hexadecimal digits.
   *
   * @throws IllegalArgumentException a sentence that says what is wrong with it
   */
  public static TonAddress parse(String text) {
    if (text.startsWith(BASECHAIN)) {
      return parseRaw(text);
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
    if (bytes[1] != 0) {
      throw wrong(text, "it is not in the basechain");
    }
    return new TonAddress(Arrays.copyOfRange(bytes, 2, 2 + HASH_BYTES));
  }

  private static TonAddress parseRaw(String text) {
    try {
      return new TonAddress(HexFormat.of().parseHex(text, BASECHAIN.length(), text.length()));
    } catch (IllegalArgumentException e) {
      throw wrong(text, "a raw address has 64 hexadecimal digits after '0:'");
    }
  }

  /** Reads {@link #bytes()} from a buffer. */
  static TonAddress read(ByteBuffer in) {
    if (in.get() != 0) {
      throw new IllegalArgumentException("an address outside of the basechain");
    }
    byte[] hash = new byte[HASH_BYTES];
    in.get(hash);
    return new TonAddress(hash);
  }

  /** As it stands in statements: the workchain, 0, and the hash; 33 bytes. */
  public byte[] bytes() {
    return ByteBuffer.allocate(BYTES).put((byte) 0).put(hash).array();
  }

  /**
   * As wallets show it (TEP-2), 48 characters.
   *
   * @param bounceable whether a transfer that the account refuses comes back: right for contracts,
   *     wrong for a wallet that was never used
   * @param testOnly whether wallets shall refuse it on the main network
   */
  public String toFriendly(boolean bounceable, boolean testOnly) {
    byte[] bytes = new byte[FRIENDLY_BYTES];
    bytes[0] = (byte) ((bounceable ? BOUNCEABLE : NOT_BOUNCEABLE) | (testOnly ? TEST_ONLY : 0));
    System.arraycopy(hash, 0, bytes, 2, HASH_BYTES);
    int crc = crc16(bytes, FRIENDLY_BYTES - 2);
    bytes[FRIENDLY_BYTES - 2] = (byte) (crc >>> 8);
    bytes[FRIENDLY_BYTES - 1] = (byte) crc;
    return Base64.getUrlEncoder().encodeToString(bytes);
  }

  /** Raw: "0:" and 64 lower-case hexadecimal digits. */
  @Override
  public String toString() {
    return BASECHAIN + HexFormat.of().formatHex(hash);
  }

  /** A copy of the hash, 32 bytes. */
  @Override
  public byte[] hash() {
    return hash.clone();
  }

  /** By hash, as an unsigned number. */
  @Override
  public int compareTo(TonAddress other) {
    return Arrays.compareUnsigned(hash, other.hash);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TonAddress that && Arrays.equals(hash, that.hash);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hash);
  }

  /** CRC-16/XMODEM; over bytes that end with their own checksum it is 0. */
  private static int crc16(byte[] bytes, int length) {
    int crc = 0;
    for (int i = 0; i < length; i++) {
      crc ^= (bytes[i] & 0xff) << 8;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 0x8000) != 0 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1 & 0xffff;
      }
    }
    return crc;
  }

  private static IllegalArgumentException wrong(String text, String why) {
    String shown = text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "..." : text;
    return new IllegalArgumentException("'%s' is no TON address: %s".formatted(shown, why));
  }
}
