package org.cocoon.link.seal;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.bouncycastle.crypto.hpke.HPKE;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.wire.SealedPrompt;

/**
 * The sealed format, version 1: its labels, bounds and encodings.
 *
 * <p>A prompt is one HPKE message (RFC 9180, base mode; DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
 * AES-256-GCM; info {@code "cocoon sealed prompt v1"}), whose associated data are {@link
 * #promptData}: whoever changes model, limit, kind or key makes it unreadable.
 *
 * <p>An answer is a row of chunks, under keys that both ends derive from the prompt's HPKE context,
 * as in Oblivious HTTP (RFC 9458, 4.4):
 *
 * <pre>
 * secret     = Export("cocoon sealed answer v1", 32)
 * prk        = HKDF-Extract(salt = encapsulated key | salt of the attempt, secret)
 * key        = HKDF-Expand(prk, "key", 32)
 * nonce      = HKDF-Expand(prk, "nonce", 12) xor number of the chunk within the attempt
 * chunk      = header | salt of the attempt (32, its first chunk only) | AES-256-GCM
 * header     = 0x10, plus 1 for the first chunk of an attempt, plus 2 for the last of the answer
 * associated = header | tokens before it, u64 | transcript before it (32)
 * transcript = SHA-256(transcript before it | plaintext); at first SHA-256(label | prompt's data)
 * </pre>
 *
 * <p>An attempt is one worker's part of an answer. Each draws its own salt, so that two workers
 * never use one nonce under one key, even for the same tokens; each goes on from the transcript of
 * the chunks before, so that a chunk fits behind exactly one row of chunks.
 */
public final class SealedFormat {
  /** The largest ciphertext of a prompt: 4 MiB of text, settings and padding. */
  public static final int MAX_PROMPT_BYTES = 5 << 20;

  /** The largest sealed chunk of an answer. */
  public static final int MAX_CHUNK_BYTES = 1 << 20;

  /**
   * The most bytes of delivered chunks that a continuation may carry, so that it fits into a
   * message beside its prompt.
   */
  public static final int MAX_CONTINUATION_BYTES = 8 << 20;

  /** Length of a request's nonce. */
  public static final int REQUEST_NONCE_BYTES = 16;

  /** Length of HPKE's encapsulated key, and of public and private keys. */
  public static final int KEY_BYTES = 32;

  static final byte[] PROMPT_INFO = "cocoon sealed prompt v1".getBytes(US_ASCII);
  static final byte[] ANSWER_INFO = "cocoon sealed answer v1".getBytes(US_ASCII);
  static final int SECRET_BYTES = 32;
  static final int SALT_BYTES = 32;
  static final int TAG_BYTES = 16;
  static final int VERSION_BITS = 0x10;
  static final int FIRST_OF_ATTEMPT = 1;
  static final int LAST_OF_ANSWER = 2;

  private static final int VERSION = 1;
  private static final int LEAST_PROMPT_BYTES = 256;
  private static final int CHUNK_STEP_BYTES = 32;
  private static final int PADDING_FIELD = 15;

  private SealedFormat() {}

  /**
   * Whether a chunk says of itself that it ends the answer; only who can open it knows that it is
   * true.
   */
  public static boolean saysLast(byte[] chunk) {
    return chunk.length > 0
        && (chunk[0] & 0xff & ~FIRST_OF_ATTEMPT) == (VERSION_BITS | LAST_OF_ANSWER);
  }

  static HPKE hpke() {
    return new HPKE(
        HPKE.mode_base, HPKE.kem_X25519_SHA256, HPKE.kdf_HKDF_SHA256, HPKE.aead_AES_GCM256);
  }

  /** What a prompt is bound to, each field with its length or of fixed size. */
  static byte[] promptData(SealedPrompt prompt, String model) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    try {
      out.writeByte(VERSION);
      write(out, prompt.getKeyId().getBytes(UTF_8));
      write(out, prompt.getRequestNonce().toByteArray());
      write(out, model.getBytes(UTF_8));
      out.writeInt(prompt.getMaxTokens());
      out.writeBoolean(prompt.getChat());
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory takes everything
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, byte[] field) throws IOException {
    out.writeInt(field.length);
    out.write(field);
  }

  /** The transcript of an answer before its first chunk. */
  static byte[] emptyTranscript(byte[] promptData) {
    return Digests.sha256(ANSWER_INFO, promptData);
  }

  /** A prompt's plaintext, padded to its size class. */
  static byte[] padPrompt(MessageLite prompt) {
    int size = prompt.getSerializedSize();
    int target = promptClass(size);
    while (paddingFor(target - size) < 0) {
      target = promptClass(target + 1);
    }
    return padded(prompt, size, target);
  }

  /** A chunk's plaintext, padded to whole steps of 32 bytes. */
  static byte[] padTokens(MessageLite tokens) {
    int size = tokens.getSerializedSize();
    int target = Math.max(1, Math.ceilDiv(size, CHUNK_STEP_BYTES)) * CHUNK_STEP_BYTES;
    while (paddingFor(target - size) < 0) {
      target += CHUNK_STEP_BYTES;
    }
    return padded(tokens, size, target);
  }

  /**
   * The size class of so many bytes: at least 256, then rounded up so that only the leading bits
   * differ, which costs at most 12 % and tells O(log log n) bits (PADME: Nikitin et al., "Reducing
   * Metadata Leakage from Encrypted Files and Communication with PURBs", 2019).
   */
  static int promptClass(int bytes) {
    if (bytes <= LEAST_PROMPT_BYTES) {
      return LEAST_PROMPT_BYTES;
    }
    int exponent = 31 - Integer.numberOfLeadingZeros(bytes);
    int kept = 32 - Integer.numberOfLeadingZeros(exponent);
    int mask = (1 << (exponent - kept)) - 1;
    return (bytes + mask) & ~mask;
  }

  /**
   * Zeros that the padding field must hold so that it takes so many bytes with its own tag and
   * length, or -1: there is no field of one byte, and of few other sizes.
   */
  private static int paddingFor(int bytes) {
    if (bytes == 0) {
      return 0;
    }
    int tag = CodedOutputStream.computeTagSize(PADDING_FIELD);
    for (int lengthBytes = 1; lengthBytes <= 4; lengthBytes++) {
      int zeros = bytes - tag - lengthBytes;
      if (zeros >= 0 && CodedOutputStream.computeUInt32SizeNoTag(zeros) == lengthBytes) {
        return zeros;
      }
    }
    return -1;
  }

  private static byte[] padded(MessageLite message, int size, int target) {
    byte[] plaintext = new byte[target];
    CodedOutputStream out = CodedOutputStream.newInstance(plaintext);
    try {
      message.writeTo(out);
      if (target > size) {
        out.writeByteArray(PADDING_FIELD, new byte[paddingFor(target - size)]);
      }
      out.checkNoSpaceLeft();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // the array has exactly this size
    }
    return plaintext;
  }
}
