package org.cocoon.router.ledger;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** The form of API keys: {@code ck_} and 32 random bytes in base64url. */
final class ApiKey {
  private static final String PREFIX = "ck_";
  private static final int RANDOM_BYTES = 32;
  private static final int LENGTH = PREFIX.length() + (RANDOM_BYTES * 4 + 2) / 3;

  private ApiKey() {}

  static String generate(SecureRandom random) {
    byte[] secret = new byte[RANDOM_BYTES];
    random.nextBytes(secret);
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
  }

  /** The key's hash, or null for what cannot be a key, so that nobody needs to look it up. */
  static @Nullable Hash hash(String apiKey) {
    if (apiKey.length() != LENGTH || !apiKey.startsWith(PREFIX)) {
      return null;
    }
    try {
      byte[] bytes = apiKey.getBytes(StandardCharsets.UTF_8);
      ByteBuffer hash = ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(bytes));
      return new Hash(hash.getLong(), hash.getLong(), hash.getLong(), hash.getLong());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** SHA-256 of a key. The keys have 256 random bits, so that it needs neither salt nor work. */
  record Hash(long a, long b, long c, long d) {
    /** Of 32 bytes. */
    static Hash of(byte[] bytes) {
      if (bytes.length != RANDOM_BYTES) {
        throw new IllegalArgumentException("a key's hash has 32 bytes, not " + bytes.length);
      }
      ByteBuffer in = ByteBuffer.wrap(bytes);
      return new Hash(in.getLong(), in.getLong(), in.getLong(), in.getLong());
    }

    byte[] bytes() {
      return ByteBuffer.allocate(RANDOM_BYTES).putLong(a).putLong(b).putLong(c).putLong(d).array();
    }
  }
}
