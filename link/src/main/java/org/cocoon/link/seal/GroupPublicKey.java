package org.cocoon.link.seal;

import java.time.Instant;
import java.util.HexFormat;
import java.util.regex.Pattern;
import org.cocoon.link.evidence.Digests;

/**
 * A group key's public half, once it was verified where it came from.
 *
 * @param keyId {@link #idOf} its public key, 32 lower-case hexadecimal digits
 * @param model name of the model whose workers hold the private half
 * @param epoch counts the keys of a model
 * @param publicKey X25519, 32 bytes; not copied
 * @param notBefore when prompts may first be sealed to it
 * @param notAfter when nothing is sealed to it any more
 */
public record GroupPublicKey(
    String keyId, String model, long epoch, byte[] publicKey, Instant notBefore, Instant notAfter) {
  /** The longest name of a model, in characters. */
  public static final int MAX_MODEL_CHARS = 255;

  private static final Pattern KEY_ID = Pattern.compile("[0-9a-f]{32}");
  private static final int ID_BYTES = 16;

  /** Checks lengths, and that the name is that of the key. */
  public GroupPublicKey {
    if (publicKey.length != SealedFormat.KEY_BYTES) {
      throw new IllegalArgumentException("a public key has 32 bytes, not " + publicKey.length);
    }
    if (!keyId.equals(idOf(publicKey))) {
      throw new IllegalArgumentException("the key id is not that of the public key");
    }
    if (model.isEmpty() || model.length() > MAX_MODEL_CHARS) {
      throw new IllegalArgumentException(
          "a model's name has 1 to " + MAX_MODEL_CHARS + " characters");
    }
    if (!notBefore.isBefore(notAfter)) {
      throw new IllegalArgumentException("the key ends before it begins");
    }
  }

  /** The name of a public key: the first half of its SHA-256, so that no two keys share one. */
  public static String idOf(byte[] publicKey) {
    return HexFormat.of().formatHex(Digests.sha256(publicKey), 0, ID_BYTES);
  }

  /** Whether this could be a key's name. */
  public static boolean isKeyId(String text) {
    return KEY_ID.matcher(text).matches();
  }
}
