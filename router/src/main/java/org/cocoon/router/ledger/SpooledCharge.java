package org.cocoon.router.ledger;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.UsedTokens;
import org.cocoon.router.ledger.LedgerOptions.Settlement;
import org.jspecify.annotations.Nullable;

/**
 * A charge as it lies in the spool: all that the books need to know of it.
 *
 * <pre>
 *   bytes  what, all integers big-endian
 *      16  request id
 *     3x8  account id, key id, charged at (milliseconds since the Unix epoch)
 *     4x4  tokens: prompt, cached of it, completion, reasoning of it
 *     4x8  nanoTON per million: prompt, cached, completion, reasoning
 *       4  coefficient
 *     2x8  cost and the operator's fee in nanoTON
 *   1, 32  whether there is a payee, and the hash of its address if so
 *    1, n  length and bytes of the model's name in UTF-8
 *    2, n  length and bytes of the worker's name in UTF-8
 * </pre>
 *
 * @param requestId the request
 * @param accountId who pays
 * @param keyId the API key that asked, or 0
 * @param chargedAtMillis when
 * @param model its name
 * @param tokens of each kind
 * @param price of each kind
 * @param coefficient of the worker
 * @param cost in all
 * @param worker who answered last
 * @param payee who earns cost - fee, or null where charges settle on no chain
 * @param fee what the operator keeps
 */
record SpooledCharge(
    UUID requestId,
    long accountId,
    long keyId,
    long chargedAtMillis,
    String model,
    UsedTokens tokens,
    Price price,
    int coefficient,
    NanoTon cost,
    String worker,
    @Nullable TonAddress payee,
    NanoTon fee) {

  private static final int FIXED_BYTES = 16 + 3 * 8 + 4 * 4 + 4 * 8 + 4 + 2 * 8 + 1 + 1 + 2;
  private static final int HASH_BYTES = 32;

  static SpooledCharge of(PendingCharge charge, @Nullable Settlement settlement) {
    Ledger.Usage usage = charge.usage();
    return new SpooledCharge(
        charge.requestId(),
        charge.accountId(),
        charge.hold().account().keyId(),
        charge.chargedAtMillis(),
        usage.model(),
        usage.tokens(),
        usage.price(),
        usage.coefficient(),
        usage.cost(),
        usage.worker(),
        settlement == null ? null : payee(settlement, usage.payout()),
        settlement == null ? NanoTon.ZERO : settlement.fee(usage.cost()));
  }

  private static TonAddress payee(Settlement settlement, String payout) {
    return payout.isEmpty() ? settlement.operator() : TonAddress.parse(payout);
  }

  /** What its receipt states. */
  ReceiptTerms terms(int networkId, @Nullable TonAddress contract) {
    return new ReceiptTerms(
        networkId,
        contract,
        requestId,
        accountId,
        model,
        tokens,
        price,
        coefficient,
        cost,
        chargedAtMillis);
  }

  /** An upper bound of its encoding's length. */
  int maxBytes() {
    return FIXED_BYTES + HASH_BYTES + 3 * (model.length() + worker.length());
  }

  void write(ByteBuffer out) {
    out.putLong(requestId.getMostSignificantBits()).putLong(requestId.getLeastSignificantBits());
    out.putLong(accountId).putLong(keyId).putLong(chargedAtMillis);
    out.putInt((int) tokens.prompt()).putInt((int) tokens.cachedPrompt());
    out.putInt((int) tokens.completion()).putInt((int) tokens.reasoning());
    out.putLong(price.prompt()).putLong(price.cachedPrompt());
    out.putLong(price.completion()).putLong(price.reasoning());
    out.putInt(coefficient).putLong(cost.nanos()).putLong(fee.nanos());
    if (payee == null) {
      out.put((byte) 0);
    } else {
      out.put((byte) 1).put(payee.hash());
    }
    byte[] name = model.getBytes(StandardCharsets.UTF_8);
    out.put((byte) name.length).put(name);
    byte[] by = worker.getBytes(StandardCharsets.UTF_8);
    out.putShort((short) by.length).put(by);
  }

  /**
   * Reads one, and leaves the buffer behind it.
   *
   * @throws IllegalArgumentException if there is none
   */
  static SpooledCharge read(ByteBuffer in) {
    try {
      UUID requestId = new UUID(in.getLong(), in.getLong());
      long accountId = in.getLong();
      long keyId = in.getLong();
      long chargedAtMillis = in.getLong();
      UsedTokens tokens = new UsedTokens(in.getInt(), in.getInt(), in.getInt(), in.getInt());
      Price price = new Price(in.getLong(), in.getLong(), in.getLong(), in.getLong());
      int coefficient = in.getInt();
      NanoTon cost = new NanoTon(in.getLong());
      NanoTon fee = new NanoTon(in.getLong());
      TonAddress payee = in.get() == 0 ? null : new TonAddress(bytes(in, HASH_BYTES));
      String model = text(in, Byte.toUnsignedInt(in.get()));
      String worker = text(in, Short.toUnsignedInt(in.getShort()));
      return new SpooledCharge(
          requestId,
          accountId,
          keyId,
          chargedAtMillis,
          model,
          tokens,
          price,
          coefficient,
          cost,
          worker,
          payee,
          fee);
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("a spooled charge ends too early", e);
    }
  }

  private static byte[] bytes(ByteBuffer in, int length) {
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  private static String text(ByteBuffer in, int length) {
    return new String(bytes(in, length), StandardCharsets.UTF_8);
  }
}
