package org.cocoon.contracts;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A client's word that an API key may spend what its channel covers. The client makes the key and
 * shows its hash alone, so that nobody else ever had it.
 *
 * @param networkId TON's global id of the network that it is for (-239 main, -3 test)
 * @param contract the channel contract that it is for
 * @param keyHash SHA-256 of the API key's text in UTF-8, 32 bytes
 * @param expires the last second in which a router accepts it, since 1970: at most {@link
 *     #MAX_SECONDS} ahead
 * @param signature Ed25519 over the SHA-256 of the statement, 64 bytes
 */
public record KeyGrant(
    int networkId, TonAddress contract, byte[] keyHash, long expires, byte[] signature) {
  /** The furthest end that a router accepts, in seconds from now. */
  public static final long MAX_SECONDS = 600;

  static final String LABEL = "cocoon-keygrant1";
  private static final int HASH_BYTES = 32;
  private static final int BODY_BYTES = HASH_BYTES + Long.BYTES;

  /** Checks the bounds and copies the bytes. */
  public KeyGrant {
    if (keyHash.length != HASH_BYTES) {
      throw new IllegalArgumentException("keyHash: 32 bytes, not " + keyHash.length);
    }
    keyHash = keyHash.clone();
    Statement.expires(expires);
    signature = Statement.signature(signature);
  }

  /**
   * States and signs.
   *
   * @param key the client's voucher key
   */
  public static KeyGrant sign(
      ReceiptKey key, int networkId, TonAddress contract, byte[] keyHash, long expires) {
    byte[] signature = new Statement(LABEL, networkId, contract, body(keyHash, expires)).sign(key);
    return new KeyGrant(networkId, contract, keyHash, expires, signature);
  }

  /** Whether this key (Ed25519, 32 bytes) signed it. */
  public boolean isSignedBy(byte[] publicKey) {
    return statement().isSignedBy(publicKey, signature);
  }

  /**
   * Whether it is for this network and contract, not over at this time (in seconds), and not valid
   * for longer than it may be.
   */
  public boolean isFor(int network, TonAddress address, long nowSeconds) {
    return networkId == network
        && contract.equals(address)
        && nowSeconds <= expires
        && expires - nowSeconds <= MAX_SECONDS;
  }

  /** The 32 bytes that are signed. */
  public byte[] hash() {
    return statement().hash();
  }

  /** In base64url without padding; there is one spelling of each. */
  public String toText() {
    return statement().toText(signature);
  }

  /**
   * Reads {@link #toText()}'s text. Does not verify the signature.
   *
   * @throws IllegalArgumentException if it is anything else
   */
  public static KeyGrant parse(String text) {
    Statement.Signed signed = Statement.parse(LABEL, BODY_BYTES, text);
    ByteBuffer body = ByteBuffer.wrap(signed.statement().body());
    byte[] keyHash = new byte[HASH_BYTES];
    body.get(keyHash);
    return new KeyGrant(
        signed.statement().networkId(),
        signed.statement().contract(),
        keyHash,
        body.getLong(),
        signed.signature());
  }

  private Statement statement() {
    return new Statement(LABEL, networkId, contract, body(keyHash, expires));
  }

  private static byte[] body(byte[] keyHash, long expires) {
    return ByteBuffer.allocate(BODY_BYTES).put(keyHash).putLong(expires).array();
  }

  /** A copy of the API key's hash, 32 bytes. */
  @Override
  public byte[] keyHash() {
    return keyHash.clone();
  }

  /** A copy of the signature, 64 bytes. */
  @Override
  public byte[] signature() {
    return signature.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof KeyGrant that
        && statement().equals(that.statement())
        && Arrays.equals(signature, that.signature);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(signature);
  }
}
