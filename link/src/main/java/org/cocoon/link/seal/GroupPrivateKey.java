package org.cocoon.link.seal;

import java.util.Arrays;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.params.X25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.X25519PublicKeyParameters;
import org.jspecify.annotations.Nullable;

/**
 * A group key's private half, in the memory of a worker. Safe for use by many threads.
 *
 * <p>It is parsed once and not copied for each prompt; when it is forgotten, the collector takes
 * the only copy. It never shows in {@link #toString()}.
 */
public final class GroupPrivateKey {
  private final GroupPublicKey publicHalf;
  private volatile @Nullable AsymmetricCipherKeyPair pair;

  /**
   * Takes a key in.
   *
   * @param publicHalf the key that prompts are sealed to
   * @param privateKey X25519, 32 bytes; copied, the caller overwrites its own
   * @throws IllegalArgumentException if the halves do not belong together
   */
  public GroupPrivateKey(GroupPublicKey publicHalf, byte[] privateKey) {
    if (privateKey.length != SealedFormat.KEY_BYTES) {
      throw new IllegalArgumentException("a private key has 32 bytes, not " + privateKey.length);
    }
    X25519PrivateKeyParameters parsed = new X25519PrivateKeyParameters(privateKey);
    X25519PublicKeyParameters derived = parsed.generatePublicKey();
    if (!Arrays.equals(derived.getEncoded(), publicHalf.publicKey())) {
      throw new IllegalArgumentException("the private key is not that of the public key");
    }
    this.publicHalf = publicHalf;
    this.pair = new AsymmetricCipherKeyPair(derived, parsed);
  }

  /** What prompts are sealed to. */
  public GroupPublicKey publicHalf() {
    return publicHalf;
  }

  /** Lets go of the key; prompts sealed to it do not open from now on. */
  public void forget() {
    pair = null;
  }

  /** The key, or null when it was forgotten. */
  @Nullable AsymmetricCipherKeyPair pair() {
    return pair;
  }

  @Override
  public String toString() {
    return "GroupPrivateKey[" + publicHalf.keyId() + "]";
  }
}
