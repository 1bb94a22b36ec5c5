package org.cocoon.contracts.chain;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.CellReader;
import org.cocoon.contracts.ton.CellWriter;

/** How the contracts' message bodies begin, and how they are read. */
final class Bodies {
  private Bodies() {}

  /** A body with its op and query id. */
  static CellWriter begin(int op, long queryId) {
    return new CellWriter().int32(op).bits64(queryId);
  }

  static Optional<ContractMessage> parse(CellReader in) {
    int op = in.int32();
    if (op == Op.COMMENT) {
      return Optional.of(new ContractMessage.Comment(comment(in)));
    }
    long queryId = in.bits64();
    Optional<ContractMessage> message =
        Optional.ofNullable(
            switch (op) {
              case Op.DEPOSIT -> new ContractMessage.Deposit(queryId, in.coins());
              case Op.CLAIM -> claim(in, queryId);
              case Op.WITHDRAW -> new ContractMessage.Withdraw(queryId, in.coins());
              case Op.FINISH -> new ContractMessage.Finish(queryId);
              case Op.RELEASE -> release(in, queryId);
              case Op.ROUTER_CLOSE -> new ContractMessage.RouterClose(queryId);
              case Op.PAID_BACK -> new ContractMessage.PaidBack(queryId, in.coins());
              case Op.COLLECT -> new ContractMessage.Collect(queryId, in.coins());
              case Op.REGISTER -> new ContractMessage.Register(queryId, owner(in), in.bytes(32));
              case Op.UNREGISTER ->
                  new ContractMessage.Unregister(queryId, owner(in), in.bytes(32));
              case Op.STAKE -> new ContractMessage.Stake(queryId, in.coins());
              case Op.COMMIT -> commit(in, queryId);
              case Op.PAYOUT -> payout(in, queryId);
              case Op.SLASH -> {
                in.skipRefs(2);
                yield new ContractMessage.Slash(queryId);
              }
              case Op.RETIRE -> new ContractMessage.Retire(queryId);
              case Op.UNSTAKE -> new ContractMessage.Unstake(queryId);
              case Op.CLOSE_CHANNEL ->
                  new ContractMessage.CloseChannel(queryId, owner(in), in.bytes(32));
              case Op.SWEEP -> new ContractMessage.Sweep(queryId);
              case Op.EARNED -> new ContractMessage.Earned(queryId, in.bits64());
              case Op.STAKE_BACK -> new ContractMessage.StakeBack(queryId, in.coins());
              case Op.EXCESSES -> new ContractMessage.Excesses(queryId);
              default -> null;
            });
    if (message.isPresent()) {
      in.end();
    }
    return message;
  }

  private static ContractMessage claim(CellReader in, long queryId) {
    NanoTon charged = amount(in);
    long expires = in.bits64();
    in.skipRefs(1);
    CellReader voucher = in.ref().read();
    return new ContractMessage.Claim(queryId, charged, expires, amount(voucher), voucher.bits64());
  }

  private static ContractMessage release(CellReader in, long queryId) {
    ContractMessage release =
        new ContractMessage.Released(queryId, amount(in), amount(in), in.uint(8) == 1, in.bits64());
    in.skipRefs(1);
    return release;
  }

  private static ContractMessage commit(CellReader in, long queryId) {
    ContractMessage commit =
        new ContractMessage.Commit(
            queryId, in.bits64(), in.bytes(32), amount(in), in.bytes(32), in.bits64());
    in.skipRefs(1);
    return commit;
  }

  private static ContractMessage payout(CellReader in, long queryId) {
    ContractMessage payout = new ContractMessage.Payout(queryId, in.uint(32), (int) in.uint(8));
    in.maybeRef();
    in.skipRefs(1);
    return payout;
  }

  /** Only the first 256 bits of a body come back, after 32 bits that say so. */
  static ContractMessage parseBounced(CellReader in) {
    if (in.int32() != Op.BOUNCED) {
      throw new IllegalArgumentException("nothing that came back begins like this");
    }
    int op = in.int32();
    long queryId = in.bits64();
    boolean hasAmount =
        switch (op) {
          case Op.DEPOSIT, Op.WITHDRAW, Op.PAID_BACK, Op.COLLECT, Op.STAKE, Op.STAKE_BACK -> true;
          default -> false;
        };
    return new ContractMessage.Bounced(
        op, queryId, hasAmount ? Optional.of(in.coins()) : Optional.empty());
  }

  /** Amounts in statements have 64 bits, and the contracts refuse those of 2^63 and more. */
  private static NanoTon amount(CellReader in) {
    return new NanoTon(in.bits64());
  }

  private static TonAddress owner(CellReader in) {
    return in.address()
        .orElseThrow(() -> new IllegalArgumentException("an owner outside of the basechain"));
  }

  /** A text in snake cells; bytes that are no UTF-8 become question marks. */
  private static String comment(CellReader first) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    CellReader in = first;
    while (true) {
      int bytes = Math.min(in.bitsLeft() / 8, ContractMessage.MAX_COMMENT_BYTES - text.size());
      text.writeBytes(in.bytes(bytes));
      if (in.refsLeft() == 0 || text.size() == ContractMessage.MAX_COMMENT_BYTES) {
        return text.toString(UTF_8);
      }
      in = in.ref().read();
    }
  }
}
