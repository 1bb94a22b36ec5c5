package org.cocoon.contracts;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a receipt states: what was used, at which prices, and what was charged for it.
 *
 * <p>As bytes, all integers big-endian:
 *
 * <pre>
 *   offset  bytes  what
 *        0     16  "cocoon-receipt-2" in ASCII: kind and version, so that the signature is
 *                  worthless for anything else
 *       16      4  network id, signed
 *       20     33  settlement contract: workchain (0) and hash; all zero: none
 *       53     16  request id
 *       69      8  account id
 *       77   4x8  tokens: prompt, cached of it, completion, reasoning of it
 *      109   4x8  nanoTON per million: prompt, cached, completion, reasoning
 *      141      4  the worker's coefficient, 1000 = 1.0
 *      145      8  cost in nanoTON
 *      153      8  charged at, milliseconds since the Unix epoch
 *      161      1  length of the model's name, 1 to 255
 *      162      n  the model's name in UTF-8
 * </pre>
 *
 * @param networkId TON's global id of the network that the charge settles on (-239 main, -3 test),
 *     or {@link #NO_NETWORK}
 * @param settlement the router's contract, or null where charges settle on no chain
 * @param requestId the request
 * @param accountId whose account
 * @param model its name, 1 to 255 bytes of UTF-8
 * @param tokens of each kind
 * @param price of each kind
 * @param coefficient the worker's price multiplier, 1000 = 1.0
 * @param cost charged: never more than tokens, price and coefficient make
 * @param chargedAtMillis when, in milliseconds since the Unix epoch
 */
public record ReceiptTerms(
    int networkId,
    @Nullable TonAddress settlement,
    UUID requestId,
    long accountId,
    String model,
    UsedTokens tokens,
    Price price,
    int coefficient,
    NanoTon cost,
    long chargedAtMillis) {

  /** The network id of a charge that settles on no chain. */
  public static final int NO_NETWORK = 0;

  /** The longest model name in bytes of UTF-8. */
  public static final int MAX_MODEL_BYTES = 255;

  static final byte[] LABEL = "cocoon-receipt-2".getBytes(StandardCharsets.US_ASCII);
  private static final int MODEL_AT = 162;

  /** Without the label and the name. */
  static final int FIXED_BYTES = MODEL_AT - LABEL.length;

  private static final byte[] NO_CONTRACT = new byte[TonAddress.BYTES];

  /** Checks every bound; throws IllegalArgumentException that names the wrong part. */
  public ReceiptTerms {
    Objects.requireNonNull(requestId);
    modelBytes(model);
    Price.within("coefficient", coefficient, Price.MAX_COEFFICIENT);
    Price.within("chargedAtMillis", chargedAtMillis, Long.MAX_VALUE);
    if (settlement != null && settlement.equals(new TonAddress(new byte[32]))) {
      throw new IllegalArgumentException("settlement: the zero address is nobody's");
    }
  }

  /**
   * Whether the cost is not above what tokens, price and coefficient make. A router may charge less
   * (never more than it held), so this is no equality.
   */
  public boolean costHolds() {
    try {
      return cost.compareTo(price.cost(tokens, coefficient)) <= 0;
    } catch (ArithmeticException beyondLong) {
      return true;
    }
  }

  /** The bytes that are signed, in the layout above: a fresh array. */
  public byte[] statement() {
    byte[] name = modelBytes(model);
    ByteBuffer bytes = ByteBuffer.allocate(MODEL_AT + name.length).put(LABEL).putInt(networkId);
    bytes.put(settlement == null ? NO_CONTRACT : settlement.bytes());
    bytes.putLong(requestId.getMostSignificantBits()).putLong(requestId.getLeastSignificantBits());
    bytes.putLong(accountId);
    bytes.putLong(tokens.prompt()).putLong(tokens.cachedPrompt());
    bytes.putLong(tokens.completion()).putLong(tokens.reasoning());
    bytes.putLong(price.prompt()).putLong(price.cachedPrompt());
    bytes.putLong(price.completion()).putLong(price.reasoning());
    bytes.putInt(coefficient).putLong(cost.nanos()).putLong(chargedAtMillis);
    return bytes.put((byte) name.length).put(name).array();
  }

  /**
   * Reads a statement without its label, and leaves the buffer behind it.
   *
   * @throws IllegalArgumentException a sentence that says what is wrong
   */
  static ReceiptTerms read(ByteBuffer in) {
    try {
      int networkId = in.getInt();
      byte[] contract = new byte[TonAddress.BYTES];
      in.get(contract);
      TonAddress settlement =
          Arrays.equals(contract, NO_CONTRACT) ? null : TonAddress.read(ByteBuffer.wrap(contract));
      UUID requestId = new UUID(in.getLong(), in.getLong());
      long accountId = in.getLong();
      UsedTokens tokens = new UsedTokens(in.getLong(), in.getLong(), in.getLong(), in.getLong());
      Price price = new Price(in.getLong(), in.getLong(), in.getLong(), in.getLong());
      int coefficient = in.getInt();
      NanoTon cost = new NanoTon(in.getLong());
      long chargedAtMillis = in.getLong();
      int length = Byte.toUnsignedInt(in.get());
      byte[] name = new byte[length];
      in.get(name);
      return new ReceiptTerms(
          networkId,
          settlement,
          requestId,
          accountId,
          decodeModel(ByteBuffer.wrap(name)),
          tokens,
          price,
          coefficient,
          cost,
          chargedAtMillis);
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("a receipt ends too early", e);
    }
  }

  /** UTF-8 that decodes to the same name: a lone surrogate would sign as a question mark. */
  static byte[] modelBytes(String model) {
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
}
