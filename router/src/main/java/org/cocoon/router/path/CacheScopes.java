package org.cocoon.router.path;

import java.nio.ByteBuffer;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Names for accounts that workers see: HMAC-SHA-256 under a key that this process drew and never
 * tells, so that a worker can keep tenants' caches apart and learns nothing else of them.
 */
final class CacheScopes {
  private static final String ALGORITHM = "HmacSHA256";
  private static final int SCOPE_BYTES = 16;
  private static final SecretKeySpec KEY = freshKey();

  private CacheScopes() {}

  private static SecretKeySpec freshKey() {
    byte[] key = new byte[32];
    new SecureRandom().nextBytes(key);
    return new SecretKeySpec(key, ALGORITHM);
  }

  static String of(long accountId) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(KEY);
      byte[] hash = mac.doFinal(ByteBuffer.allocate(Long.BYTES).putLong(accountId).array());
      return HexFormat.of().formatHex(hash, 0, SCOPE_BYTES);
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException("every JDK has " + ALGORITHM, e);
    }
  }
}
