package org.cocoon.link.keys;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.Arrays;
import org.bouncycastle.math.ec.rfc7748.X25519;
import org.cocoon.link.seal.GroupPublicKey;

/** One group key as the key manager holds it. Belongs to who owns the store. */
final class GroupSecret {
  private final GroupPublicKey publicHalf;
  private final byte[] privateKey;

  private GroupSecret(GroupPublicKey publicHalf, byte[] privateKey) {
    this.publicHalf = publicHalf;
    this.privateKey = privateKey;
  }

  /** Makes a fresh one. */
  static GroupSecret generate(
      String model, long epoch, Instant notBefore, Instant notAfter, SecureRandom random) {
    byte[] secret = new byte[X25519.SCALAR_SIZE];
    X25519.generatePrivateKey(random, secret);
    byte[] point = new byte[X25519.POINT_SIZE];
    X25519.generatePublicKey(secret, 0, point, 0);
    return new GroupSecret(
        new GroupPublicKey(GroupPublicKey.idOf(point), model, epoch, point, notBefore, notAfter),
        secret);
  }

  GroupPublicKey publicHalf() {
    return publicHalf;
  }

  /** The key itself, 32 bytes; not a copy, and overwritten by {@link #forget()}. */
  byte[] privateKey() {
    return privateKey;
  }

  void forget() {
    Arrays.fill(privateKey, (byte) 0);
  }

  @Override
  public String toString() {
    return "GroupSecret[" + publicHalf.keyId() + "]";
  }
}
