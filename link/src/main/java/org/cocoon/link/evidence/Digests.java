package org.cocoon.link.evidence;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-2 over byte arrays; every JDK has these algorithms. */
public final class Digests {
  private Digests() {}

  /** A fresh digest, for example of "SHA-384". */
  public static MessageDigest of(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JDK has no " + algorithm, e);
    }
  }

  /** SHA-256 of the parts, one after the other; 32 bytes. */
  public static byte[] sha256(byte[]... parts) {
    MessageDigest digest = of("SHA-256");
    for (byte[] part : parts) {
      digest.update(part);
    }
    return digest.digest();
  }

  /** SHA-256 of one array as 64 lower-case hexadecimal digits. */
  public static String sha256Hex(byte[] bytes) {
    return HexFormat.of().formatHex(sha256(bytes));
  }
}
