package org.cocoon.worker.earnings;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.cocoon.link.wire.CommittedEarnings;

/**
 * Whether a router's committed earnings are what they say: SHA-256 and Ed25519, and nothing of a
 * chain.
 *
 * <p>All integers are big-endian. The commitment that is signed is the SHA-256 of
 *
 * <pre>
 *   "cocoon-commits-1", network id (4), settlement: workchain (1) and hash (32),
 *   epoch (8), root (32), total (8), ledger digest (32), expires (8)
 * </pre>
 *
 * <p>A leaf is the SHA-256 of 0x00, network id, settlement, payee's hash (32), earned (8); a node
 * that of 0x01, left hash (32), left sum (8), right hash, right sum. Since a node binds the sums,
 * no router can commit to more for all than the total that the contract compared with what it
 * holds.
 */
final class EarningsProof {
  private static final byte[] LABEL = "cocoon-commits-1".getBytes(US_ASCII);
  private static final int HASH_BYTES = 32;
  private static final int SIBLING_BYTES = HASH_BYTES + Long.BYTES;
  private static final int MAX_HEIGHT = 20;

  private EarningsProof() {}

  /**
   * What is wrong with them, in a sentence; empty if they hold.
   *
   * @param routerKey that must have signed, 32 bytes
   * @param settlement the router's contract
   * @param payee whose leaf it must be
   */
  static Optional<String> wrong(
      CommittedEarnings earnings,
      byte[] routerKey,
      int networkId,
      PayoutAddress settlement,
      PayoutAddress payee) {
    if (earnings.getRoot().size() != HASH_BYTES
        || earnings.getDigest().size() != HASH_BYTES
        || earnings.getSignature().size() != Ed25519.SIGNATURE_SIZE
        || routerKey.length != Ed25519.PUBLIC_KEY_SIZE) {
      return Optional.of("a hash, key or signature has another length");
    }
    if (earnings.getTotal() < 0 || earnings.getEarned() <= 0 || earnings.getEpoch() <= 0) {
      return Optional.of("an amount is out of its range");
    }
    int height = earnings.getSiblingsCount();
    if (height > MAX_HEIGHT || earnings.getIndex() >>> height != 0) {
      return Optional.of("the leaf lies outside of its tree");
    }
    byte[] statement = statement(earnings, networkId, settlement);
    if (!Ed25519.verify(
        earnings.getSignature().toByteArray(), 0, routerKey, 0, statement, 0, statement.length)) {
      return Optional.of("the router did not sign this commitment");
    }
    return wrongPath(earnings, leaf(earnings.getEarned(), networkId, settlement, payee));
  }

  /** What is signed: 32 bytes. */
  static byte[] statement(CommittedEarnings earnings, int networkId, PayoutAddress settlement) {
    ByteBuffer bytes =
        ByteBuffer.allocate(LABEL.length + 4 + 33 + 8 + HASH_BYTES + 8 + HASH_BYTES + 8)
            .put(LABEL)
            .putInt(networkId)
            .put((byte) 0)
            .put(settlement.hash())
            .putLong(earnings.getEpoch())
            .put(earnings.getRoot().toByteArray())
            .putLong(earnings.getTotal())
            .put(earnings.getDigest().toByteArray())
            .putLong(earnings.getExpires());
    return sha256().digest(bytes.array());
  }

  private static byte[] leaf(
      long earned, int networkId, PayoutAddress settlement, PayoutAddress payee) {
    return sha256()
        .digest(
            ByteBuffer.allocate(1 + 4 + 33 + HASH_BYTES + Long.BYTES)
                .put((byte) 0)
                .putInt(networkId)
                .put((byte) 0)
                .put(settlement.hash())
                .put(payee.hash())
                .putLong(earned)
                .array());
  }

  private static Optional<String> wrongPath(CommittedEarnings earnings, byte[] leaf) {
    byte[] hash = leaf;
    long sum = earnings.getEarned();
    ByteBuffer node = ByteBuffer.allocate(1 + 2 * SIBLING_BYTES);
    for (int level = 0; level < earnings.getSiblingsCount(); level++) {
      ByteString sibling = earnings.getSiblings(level);
      if (sibling.size() != SIBLING_BYTES) {
        return Optional.of("a sibling has another length");
      }
      long other = sibling.asReadOnlyByteBuffer().getLong(HASH_BYTES);
      if (other < 0 || sum > Long.MAX_VALUE - other) {
        return Optional.of("the sums overflow");
      }
      node.clear().put((byte) 1);
      if ((earnings.getIndex() >>> level & 1) == 0) {
        node.put(hash).putLong(sum).put(sibling.toByteArray());
      } else {
        node.put(sibling.toByteArray()).put(hash).putLong(sum);
      }
      hash = sha256().digest(node.array());
      sum += other;
    }
    return MessageDigest.isEqual(hash, earnings.getRoot().toByteArray())
            && sum == earnings.getTotal()
        ? Optional.empty()
        : Optional.of("the leaf is not in the tree that the router committed to");
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
