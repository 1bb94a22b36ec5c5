package org.cocoon.contracts;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * What a router states, and signs, about one request. One signature covers all receipts of a batch:
 * it is over the root of a Merkle tree, and each receipt carries its way up.
 *
 * <pre>
 *   leaf   = SHA-256( 0x00, statement of the terms, router key )
 *   node   = SHA-256( 0x01, left, right )          the tree is padded with 32 zero bytes
 *   signed = "cocoon-receipts2", root              Ed25519 (RFC 8032), 48 bytes
 * </pre>
 *
 * <p>{@link #encode()} is one version byte (2), the terms' statement without its label, the router
 * key (32), the height (1), the leaf's index (2), the siblings from below (32 each) and the
 * signature (64). Arrays are copied on the way in and out, so a receipt never changes.
 *
 * @param terms what is stated
 * @param routerKey the router's Ed25519 public key, 32 bytes
 * @param index of the leaf in its batch
 * @param siblings the way up, 32 bytes for each of at most {@link #MAX_HEIGHT} levels
 * @param signature of the batch's root, 64 bytes
 */
public record Receipt(
    ReceiptTerms terms, byte[] routerKey, int index, byte[] siblings, byte[] signature) {

  /** The most levels of a batch's tree. */
  public static final int MAX_HEIGHT = 13;

  /** The most receipts of one batch. */
  public static final int MAX_BATCH = 1 << MAX_HEIGHT;

  private static final byte[] LABEL = "cocoon-receipts2".getBytes(StandardCharsets.US_ASCII);
  private static final byte VERSION = 2;
  private static final int HASH_BYTES = 32;
  private static final byte[] EMPTY = new byte[HASH_BYTES];
  private static final int FIXED_BYTES =
      1 + ReceiptTerms.FIXED_BYTES + Ed25519.PUBLIC_KEY_SIZE + 1 + 2 + Ed25519.SIGNATURE_SIZE;

  /** The longest encoding in bytes. */
  public static final int MAX_ENCODED_BYTES =
      FIXED_BYTES + ReceiptTerms.MAX_MODEL_BYTES + MAX_HEIGHT * HASH_BYTES;

  /** Checks every bound; throws IllegalArgumentException that names the wrong part. */
  public Receipt {
    length("routerKey", routerKey, Ed25519.PUBLIC_KEY_SIZE);
    length("signature", signature, Ed25519.SIGNATURE_SIZE);
    int height = siblings.length / HASH_BYTES;
    if (siblings.length % HASH_BYTES != 0 || height > MAX_HEIGHT) {
      throw new IllegalArgumentException("siblings: 32 bytes for each of at most 13 levels");
    }
    if (index < 0 || index >>> height != 0) {
      throw new IllegalArgumentException("index: the leaf lies outside of its tree");
    }
    routerKey = routerKey.clone();
    siblings = siblings.clone();
    signature = signature.clone();
  }

  /** States and signs one. About 30 us of CPU, so not for an event loop in bulk. Any thread. */
  public static Receipt sign(ReceiptKey key, ReceiptTerms terms) {
    return sign(key, List.of(terms)).getFirst();
  }

  /**
   * States and signs a batch, with one signature for all: about 30 us of CPU and 1 us for each
   * receipt. Any thread.
   *
   * @param all 1 to {@link #MAX_BATCH}
   * @return the receipts, in the same order
   */
  public static List<Receipt> sign(ReceiptKey key, List<ReceiptTerms> all) {
    int size = all.size();
    if (size < 1 || size > MAX_BATCH) {
      throw new IllegalArgumentException("a batch has 1 to 8192 receipts, not " + size);
    }
    byte[] publicKey = key.publicKey();
    int height = size == 1 ? 0 : Integer.SIZE - Integer.numberOfLeadingZeros(size - 1);
    byte[][][] levels = new byte[height + 1][][];
    levels[0] = new byte[1 << height][];
    Arrays.fill(levels[0], EMPTY);
    MessageDigest sha256 = Statement.sha256();
    for (int i = 0; i < size; i++) {
      levels[0][i] = leaf(sha256, all.get(i), publicKey);
    }
    for (int level = 1; level <= height; level++) {
      levels[level] = new byte[1 << (height - level)][];
      for (int i = 0; i < levels[level].length; i++) {
        levels[level][i] = node(sha256, levels[level - 1][2 * i], levels[level - 1][2 * i + 1]);
      }
    }
    byte[] signature = key.sign(signed(levels[height][0]));
    List<Receipt> receipts = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      ByteBuffer siblings = ByteBuffer.allocate(height * HASH_BYTES);
      for (int level = 0; level < height; level++) {
        siblings.put(levels[level][(i >>> level) ^ 1]);
      }
      receipts.add(new Receipt(all.get(i), publicKey, i, siblings.array(), signature));
    }
    return List.copyOf(receipts);
  }

  /**
   * Whether {@link #routerKey()} signed this. Says nothing about whose key that is: compare it with
   * the one that the router's evidence binds.
   */
  public boolean verify() {
    MessageDigest sha256 = Statement.sha256();
    byte[] hash = leaf(sha256, terms, routerKey);
    for (int level = 0; level < siblings.length / HASH_BYTES; level++) {
      byte[] sibling = Arrays.copyOfRange(siblings, level * HASH_BYTES, (level + 1) * HASH_BYTES);
      hash = (index >>> level & 1) == 0 ? node(sha256, hash, sibling) : node(sha256, sibling, hash);
    }
    byte[] signed = signed(hash);
    return Ed25519.verify(signature, 0, routerKey, 0, signed, 0, signed.length);
  }

  /** The bytes to store or send, at most {@link #MAX_ENCODED_BYTES}. */
  public byte[] encode() {
    byte[] statement = terms.statement();
    int body = statement.length - ReceiptTerms.LABEL.length;
    return ByteBuffer.allocate(
            1 + body + routerKey.length + 1 + 2 + siblings.length + signature.length)
        .put(VERSION)
        .put(statement, ReceiptTerms.LABEL.length, body)
        .put(routerKey)
        .put((byte) (siblings.length / HASH_BYTES))
        .putShort((short) index)
        .put(siblings)
        .put(signature)
        .array();
  }

  /**
   * Reads {@link #encode()}'s bytes; there is exactly one encoding of each receipt. Does not verify
   * the signature.
   *
   * @throws IllegalArgumentException if they are anything else; the message says what is wrong
   */
  public static Receipt decode(byte[] bytes) {
    if (bytes.length < FIXED_BYTES + 1 || bytes.length > MAX_ENCODED_BYTES) {
      throw new IllegalArgumentException("a receipt does not have " + bytes.length + " bytes");
    }
    ByteBuffer in = ByteBuffer.wrap(bytes);
    byte version = in.get();
    if (version != VERSION) {
      throw new IllegalArgumentException("unknown receipt version " + version);
    }
    ReceiptTerms terms = ReceiptTerms.read(in);
    if (in.remaining() < Ed25519.PUBLIC_KEY_SIZE + 3 + Ed25519.SIGNATURE_SIZE) {
      throw new IllegalArgumentException("a receipt ends too early");
    }
    byte[] routerKey = new byte[Ed25519.PUBLIC_KEY_SIZE];
    in.get(routerKey);
    int height = Byte.toUnsignedInt(in.get());
    int index = Short.toUnsignedInt(in.getShort());
    if (height > MAX_HEIGHT || in.remaining() != height * HASH_BYTES + Ed25519.SIGNATURE_SIZE) {
      throw new IllegalArgumentException("the tree's height does not fit the receipt's length");
    }
    byte[] siblings = new byte[height * HASH_BYTES];
    in.get(siblings);
    byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
    in.get(signature);
    return new Receipt(terms, routerKey, index, siblings, signature);
  }

  /** {@link #encode()} in base64url (RFC 4648, section 5) without padding. */
  public String toText() {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(encode());
  }

  /**
   * Reads {@link #toText()}'s text, and no other spelling of it.
   *
   * @throws IllegalArgumentException if it is anything else
   */
  public static Receipt parse(String text) {
    if (text.length() > (MAX_ENCODED_BYTES * 4 + 2) / 3) {
      throw new IllegalArgumentException("too long for a receipt");
    }
    Receipt receipt = decode(Base64.getUrlDecoder().decode(text));
    // Base64 leaves up to four bits unused at the end, and padding is optional to the decoder.
    if (!receipt.toText().equals(text)) {
      throw new IllegalArgumentException("not the canonical spelling of a receipt");
    }
    return receipt;
  }

  /** A copy of the router's public key, 32 bytes. */
  @Override
  public byte[] routerKey() {
    return routerKey.clone();
  }

  /** A copy of the way up. */
  @Override
  public byte[] siblings() {
    return siblings.clone();
  }

  /** A copy of the signature, 64 bytes. */
  @Override
  public byte[] signature() {
    return signature.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Receipt that && Arrays.equals(encode(), that.encode());
  }

  @Override
  public int hashCode() {
    return 31 * terms.hashCode() + Arrays.hashCode(signature);
  }

  private static byte[] leaf(MessageDigest sha256, ReceiptTerms terms, byte[] routerKey) {
    sha256.update((byte) 0);
    sha256.update(terms.statement());
    return sha256.digest(routerKey);
  }

  private static byte[] node(MessageDigest sha256, byte[] left, byte[] right) {
    sha256.update((byte) 1);
    sha256.update(left);
    return sha256.digest(right);
  }

  private static byte[] signed(byte[] root) {
    return ByteBuffer.allocate(LABEL.length + root.length).put(LABEL).put(root).array();
  }

  private static void length(String name, byte[] bytes, int length) {
    if (bytes.length != length) {
      throw new IllegalArgumentException(name + ": " + length + " bytes, not " + bytes.length);
    }
  }
}
