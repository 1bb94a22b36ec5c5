package org.cocoon.contracts;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;
import java.util.UUID;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * What a router states about one request: what was used and what was charged.
 *
 * <p>The statement that is signed, all integers big-endian:
 *
 * <pre>
 *   offset  bytes  what
 *        0     16  "cocoon-receipt-1" in ASCII: kind and version, so that the signature is
 *                  worthless for anything else
 *       16      4  network id, signed
 *       20     16  request id
 *       36      8  account id
 *       44      8  prompt tokens
 *       52      8  completion tokens
 *       60      8  cost in nanoTON
 *       68      8  charged at, milliseconds since the Unix epoch
 *       76     32  router key
 *      108      1  length of the model's name, 1 to 255
 *      109      n  the model's name in UTF-8
 * </pre>
 *
 * <p>{@link #encode()} is one version byte (1), the statement from offset 16 on, and the signature.
 * Arrays are copied on the way in and out, so a receipt never changes.
 *
 * @param networkId TON's global id of the network the charge settles on (-239 main, -3 test), or
 *     {@link #NO_NETWORK}
 * @param requestId the request
 * @param accountId whose account
 * @param model its name, 1 to 255 bytes of UTF-8
 * @param promptTokens tokens of the prompt
 * @param completionTokens tokens delivered
 * @param cost charged
 * @param chargedAtMillis when, in milliseconds since the Unix epoch
 * @param routerKey the router's Ed25519 public key, 32 bytes
 * @param signature Ed25519 (RFC 8032) over {@link #statement()}, 64 bytes
 */
public record Receipt(
    int networkId,
    UUID requestId,
    long accountId,
    String model,
    long promptTokens,
    long completionTokens,
    NanoTon cost,
    long chargedAtMillis,
    byte[] routerKey,
    byte[] signature) {

  /** The network id of a charge that settles on no chain. */
  public static final int NO_NETWORK = 0;

  /** The longest model name in bytes of UTF-8. */
  public static final int MAX_MODEL_BYTES = 255;

  private static final byte[] LABEL = "cocoon-receipt-1".getBytes(StandardCharsets.US_ASCII);
  private static final byte VERSION = 1;
  private static final int MODEL_AT = 108;
  private static final int FIXED_BYTES = 1 + (MODEL_AT + 1 - LABEL.length) + Ed25519.SIGNATURE_SIZE;

  /** The longest encoding in bytes. */
  public static final int MAX_ENCODED_BYTES = FIXED_BYTES + MAX_MODEL_BYTES;

  /** Checks every bound; throws IllegalArgumentException that names the wrong part. */
  public Receipt {
    Objects.requireNonNull(requestId);
    Objects.requireNonNull(cost);
    modelBytes(model);
    notNegative("promptTokens", promptTokens);
    notNegative("completionTokens", completionTokens);
    notNegative("chargedAtMillis", chargedAtMillis);
    length("routerKey", routerKey, Ed25519.PUBLIC_KEY_SIZE);
    length("signature", signature, Ed25519.SIGNATURE_SIZE);
    routerKey = routerKey.clone();
    signature = signature.clone();
  }

  /**
   * States and signs. About 30 us of CPU, so not for an event loop in bulk. Any thread.
   *
   * @param key of the router
   */
  public static Receipt sign(
      ReceiptKey key,
      int networkId,
      UUID requestId,
      long accountId,
      String model,
      long promptTokens,
      long completionTokens,
      NanoTon cost,
      long chargedAtMillis) {
    byte[] publicKey = key.publicKey();
    byte[] statement =
        statement(
            networkId,
            requestId,
            accountId,
            model,
            promptTokens,
            completionTokens,
            cost,
            chargedAtMillis,
            publicKey);
    return new Receipt(
        networkId,
        requestId,
        accountId,
        model,
        promptTokens,
        completionTokens,
        cost,
        chargedAtMillis,
        publicKey,
        key.sign(statement));
  }

  /** The bytes that are signed: a fresh array in the layout above. */
  public byte[] statement() {
    return statement(
        networkId,
        requestId,
        accountId,
        model,
        promptTokens,
        completionTokens,
        cost,
        chargedAtMillis,
        routerKey);
  }

  /**
   * Whether {@link #routerKey()} signed this. Says nothing about whose key that is: compare it with
   * the one that the router's evidence binds.
   */
  public boolean verify() {
    byte[] statement = statement();
    return Ed25519.verify(signature, 0, routerKey, 0, statement, 0, statement.length);
  }

  /** The bytes to store or send, at most {@link #MAX_ENCODED_BYTES}. */
  public byte[] encode() {
    byte[] statement = statement();
    int body = statement.length - LABEL.length;
    return ByteBuffer.allocate(1 + body + signature.length)
        .put(VERSION)
        .put(statement, LABEL.length, body)
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
    int networkId = in.getInt();
    UUID requestId = new UUID(in.getLong(), in.getLong());
    long accountId = in.getLong();
    long promptTokens = in.getLong();
    long completionTokens = in.getLong();
    NanoTon cost = new NanoTon(in.getLong());
    long chargedAtMillis = in.getLong();
    byte[] routerKey = new byte[Ed25519.PUBLIC_KEY_SIZE];
    in.get(routerKey);
    int modelLength = Byte.toUnsignedInt(in.get());
    if (in.remaining() != modelLength + Ed25519.SIGNATURE_SIZE) {
      throw new IllegalArgumentException("the model's length does not fit the receipt's");
    }
    String model = decodeModel(in.slice().limit(modelLength));
    in.position(in.position() + modelLength);
    byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
    in.get(signature);
    return new Receipt(
        networkId,
        requestId,
        accountId,
        model,
        promptTokens,
        completionTokens,
        cost,
        chargedAtMillis,
        routerKey,
        signature);
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

  /** A copy of the signature, 64 bytes. */
  @Override
  public byte[] signature() {
    return signature.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Receipt that
        && Arrays.equals(signature, that.signature)
        && Arrays.equals(statement(), that.statement());
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(signature);
  }

  private static byte[] statement(
      int networkId,
      UUID requestId,
      long accountId,
      String model,
      long promptTokens,
      long completionTokens,
      NanoTon cost,
      long chargedAtMillis,
      byte[] routerKey) {
    byte[] name = modelBytes(model);
    return ByteBuffer.allocate(MODEL_AT + 1 + name.length)
        .put(LABEL)
        .putInt(networkId)
        .putLong(requestId.getMostSignificantBits())
        .putLong(requestId.getLeastSignificantBits())
        .putLong(accountId)
        .putLong(promptTokens)
        .putLong(completionTokens)
        .putLong(cost.nanos())
        .putLong(chargedAtMillis)
        .put(routerKey)
        .put((byte) name.length)
        .put(name)
        .array();
  }

  /** UTF-8 that decodes to the same name: a lone surrogate would sign as a question mark. */
  private static byte[] modelBytes(String model) {
    try {
      ByteBuffer utf8 = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(model));
      if (utf8.remaining() < 1 || utf8.remaining() > MAX_MODEL_BYTES) {
        throw new IllegalArgumentException(
            "model: 1 to " + MAX_MODEL_BYTES + " bytes of UTF-8, not " + utf8.remaining());
      }
      byte[] bytes = new byte[utf8.remaining()];
      utf8.get(bytes);
      return bytes;
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("model: not well-formed Unicode", e);
    }
  }

  private static String decodeModel(ByteBuffer utf8) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("model: not UTF-8", e);
    }
  }

  private static void notNegative(String name, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(name + ": never negative: " + value);
    }
  }

  private static void length(String name, byte[] bytes, int length) {
    if (bytes.length != length) {
      throw new IllegalArgumentException(name + ": " + length + " bytes, not " + bytes.length);
    }
  }
}
