package org.cocoon.contracts;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A router's word for one epoch: the root of the tree of everybody's earnings. Two of one epoch
 * cost its stake.
 *
 * @param networkId TON's global id of the network that it is for (-239 main, -3 test)
 * @param contract the settlement contract that it is for
 * @param epoch counted from 1
 * @param root of the {@link EarningsTree}, 32 bytes
 * @param earned its total
 * @param digest of the router's ledger, 32 bytes
 * @param expires the last second in which the contract accepts it, since 1970
 * @param signature Ed25519 over the SHA-256 of the statement, 64 bytes
 */
public record Commitment(
    int networkId,
    TonAddress contract,
    long epoch,
    byte[] root,
    NanoTon earned,
    byte[] digest,
    long expires,
    byte[] signature) {
  static final String LABEL = "cocoon-commits-1";
  private static final int BODY_BYTES = 3 * Long.BYTES + 2 * 32;

  /** Checks the bounds and copies the bytes. */
  public Commitment {
    if (epoch < 1) {
      throw new IllegalArgumentException("epoch: counted from 1, not " + epoch);
    }
    root = hash("root", root);
    digest = hash("digest", digest);
    Statement.expires(expires);
    signature = Statement.signature(signature);
  }

  /**
   * States and signs.
   *
   * @param key the router's
   */
  public static Commitment sign(
      ReceiptKey key,
      int networkId,
      TonAddress contract,
      long epoch,
      byte[] root,
      NanoTon earned,
      byte[] digest,
      long expires) {
    byte[] body = body(epoch, root, earned, digest, expires);
    byte[] signature = new Statement(LABEL, networkId, contract, body).sign(key);
    return new Commitment(networkId, contract, epoch, root, earned, digest, expires, signature);
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
  public static Commitment parse(String text) {
    Statement.Signed signed = Statement.parse(LABEL, BODY_BYTES, text);
    ByteBuffer body = ByteBuffer.wrap(signed.statement().body());
    return new Commitment(
        signed.statement().networkId(),
        signed.statement().contract(),
        body.getLong(),
        hash(body),
        new NanoTon(body.getLong()),
        hash(body),
        body.getLong(),
        signed.signature());
  }

  private Statement statement() {
    return new Statement(LABEL, networkId, contract, body(epoch, root, earned, digest, expires));
  }

  private static byte[] body(long epoch, byte[] root, NanoTon earned, byte[] digest, long expires) {
    return ByteBuffer.allocate(BODY_BYTES)
        .putLong(epoch)
        .put(root)
        .putLong(earned.nanos())
        .put(digest)
        .putLong(expires)
        .array();
  }

  /** A copy of the signature, 64 bytes. */
  @Override
  public byte[] signature() {
    return signature.clone();
  }

  /** A copy of the root, 32 bytes. */
  @Override
  public byte[] root() {
    return root.clone();
  }

  /** A copy of the ledger's digest, 32 bytes. */
  @Override
  public byte[] digest() {
    return digest.clone();
  }

  private static byte[] hash(ByteBuffer in) {
    byte[] hash = new byte[32];
    in.get(hash);
    return hash;
  }

  private static byte[] hash(String name, byte[] bytes) {
    if (bytes.length != 32) {
      throw new IllegalArgumentException(name + ": 32 bytes, not " + bytes.length);
    }
    return bytes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Commitment that
        && statement().equals(that.statement())
        && Arrays.equals(signature, that.signature);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(signature);
  }
}
