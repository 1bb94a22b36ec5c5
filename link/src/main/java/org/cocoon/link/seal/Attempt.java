package org.cocoon.link.seal;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import org.jspecify.annotations.Nullable;

/**
 * The cipher of one worker's part of an answer: a key of its own, and a nonce that counts its
 * chunks. Either seals or opens; one thread.
 */
final class Attempt {
  private static final byte[] KEY = "key".getBytes(US_ASCII);
  private static final byte[] NONCE = "nonce".getBytes(US_ASCII);
  private static final int NONCE_BYTES = 12;
  private static final int BITS = 8;

  private final int mode;
  private final Cipher cipher;
  private final SecretKey key;
  private final byte[] firstNonce;
  private long chunks;

  private Attempt(int mode, Cipher cipher, SecretKey key, byte[] firstNonce) {
    this.mode = mode;
    this.cipher = cipher;
    this.key = key;
    this.firstNonce = firstNonce;
  }

  /** The cipher that seals an attempt with this salt. */
  static Attempt sealing(AnswerSecret secret, byte[] salt) {
    return of(Cipher.ENCRYPT_MODE, secret, salt);
  }

  /** The cipher that opens the attempt with this salt. */
  static Attempt opening(AnswerSecret secret, byte[] salt) {
    return of(Cipher.DECRYPT_MODE, secret, salt);
  }

  private static Attempt of(int mode, AnswerSecret secret, byte[] salt) {
    try {
      KDF hkdf = KDF.getInstance("HKDF-SHA256");
      SecretKey prk =
          hkdf.deriveKey(
              "Generic",
              HKDFParameterSpec.ofExtract()
                  .addSalt(secret.encapsulated())
                  .addSalt(salt)
                  .addIKM(secret.key())
                  .extractOnly());
      return new Attempt(
          mode,
          Cipher.getInstance("AES/GCM/NoPadding"),
          hkdf.deriveKey("AES", HKDFParameterSpec.expandOnly(prk, KEY, SealedFormat.SECRET_BYTES)),
          hkdf.deriveData(HKDFParameterSpec.expandOnly(prk, NONCE, NONCE_BYTES)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no HKDF-SHA256 or AES-GCM", e);
    }
  }

  /** Seals the next chunk into {@code target} from {@code offset} on. */
  void seal(byte[] associated, byte[] plaintext, byte[] target, int offset) {
    try {
      next(associated);
      cipher.doFinal(plaintext, 0, plaintext.length, target, offset);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a chunk could not be sealed", e);
    }
  }

  /** Opens the next chunk, or returns null if it is not what was sealed. */
  byte @Nullable [] open(byte[] associated, byte[] chunk, int offset) {
    try {
      next(associated);
      return cipher.doFinal(chunk, offset, chunk.length - offset);
    } catch (AEADBadTagException e) {
      return null;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a chunk could not be opened", e);
    }
  }

  private void next(byte[] associated) throws GeneralSecurityException {
    byte[] nonce = Arrays.copyOf(firstNonce, NONCE_BYTES);
    for (int i = 0; i < Long.BYTES; i++) {
      nonce[NONCE_BYTES - 1 - i] ^= (byte) (chunks >>> (BITS * i));
    }
    chunks++;
    cipher.init(mode, key, new GCMParameterSpec(SealedFormat.TAG_BYTES * BITS, nonce));
    cipher.updateAAD(associated);
  }
}
