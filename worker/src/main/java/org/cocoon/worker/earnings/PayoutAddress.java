package org.cocoon.worker.earnings;

import java.util.Arrays;
import java.util.HexFormat;
import org.cocoon.link.registry.RegistryAddress;

/**
 * The TON account that earnings are paid to, in the basechain.
 *
 * @param hash of the account, 32 bytes
 */
public record PayoutAddress(byte[] hash) {
  private static final int HASH_BYTES = 32;
  private static final String BASECHAIN = "0:";

  /** Copies the bytes. */
  public PayoutAddress {
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
  public static PayoutAddress parse(String text) {
    String raw = RegistryAddress.parse(text).raw();
    if (!raw.startsWith(BASECHAIN)) {
      throw new IllegalArgumentException("'" + text + "' is not in TON's basechain");
    }
    return new PayoutAddress(HexFormat.of().parseHex(raw, BASECHAIN.length(), raw.length()));
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
}
