package org.cocoon.contracts;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A router's statement of what a channel was charged in all; with a voucher it can be claimed.
 *
 * @param networkId TON's global id of the network that it is for (-239 main, -3 test)
 * @param contract the channel contract that it is for
 * @param charged cumulative over the life of the channel
 * @param expires the last second in which the contract accepts it, since 1970
 * @param signature Ed25519 over the SHA-256 of the statement, 64 bytes
 */
public record Charge(
    int networkId, TonAddress contract, NanoTon charged, long expires, byte[] signature) {
  static final String LABEL = "cocoon-charges-1";
  private static final int BODY_BYTES = 2 * Long.BYTES;

  /** Checks the bounds and copies the bytes. */
  public Charge {
    Statement.expires(expires);
    signature = Statement.signature(signature);
  }

  /**
   * States and signs.
   *
   * @param key the router's
   */
  public static Charge sign(
      ReceiptKey key, int networkId, TonAddress contract, NanoTon charged, long expires) {
    byte[] body = body(charged, expires);
    byte[] signature = new Statement(LABEL, networkId, contract, body).sign(key);
    return new Charge(networkId, contract, charged, expires, signature);
  }

  /** Whether this key (Ed25519, 32 bytes) signed it. */
  public boolean isSignedBy(byte[] publicKey) {
    return statement().isSignedBy(publicKey, signature);
  }

  /** Whether it is for this network and contract, and not over at this time (in seconds). */
  public boolean isFor(int network, TonAddress address, long nowSeconds) {
    return networkId == network && contract.equals(address) && nowSeconds <= expires;
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
  public static Charge parse(String text) {
    Statement.Signed signed = Statement.parse(LABEL, BODY_BYTES, text);
    ByteBuffer body = ByteBuffer.wrap(signed.statement().body());
    return new Charge(
        signed.statement().networkId(),
        signed.statement().contract(),
        new NanoTon(body.getLong()),
        body.getLong(),
        signed.signature());
  }

  private Statement statement() {
    return new Statement(LABEL, networkId, contract, body(charged, expires));
  }

  private static byte[] body(NanoTon charged, long expires) {
    return ByteBuffer.allocate(BODY_BYTES).putLong(charged.nanos()).putLong(expires).array();
  }

  /** A copy of the signature, 64 bytes. */
  @Override
  public byte[] signature() {
    return signature.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Charge that
        && statement().equals(that.statement())
        && Arrays.equals(signature, that.signature);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(signature);
  }
}
