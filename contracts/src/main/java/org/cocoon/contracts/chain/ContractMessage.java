package org.cocoon.contracts.chain;

import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellReader;

/**
 * A message's body as Cocoon's contracts read it (contracts/tolk/src/messages.tolk). Anybody can
 * send any of them to anybody: what one means depends on who sent it, and on how the destination's
 * transaction ended.
 */
public sealed interface ContractMessage {
  /** A body without anything: a plain transfer. */
  record Empty() implements ContractMessage {}

  /**
   * A transfer with a text: to a settlement contract, prepaid credit.
   *
   * @param text up to {@value ContractMessage#MAX_COMMENT_BYTES} bytes of UTF-8; what is more is
   *     cut
   */
  record Comment(String text) implements ContractMessage {}

  /** To a channel: its deposit grows. */
  record Deposit(long queryId, NanoTon amount) implements ContractMessage {}

  /** To a channel: the router takes what it charged. */
  record Claim(long queryId, NanoTon charged, long expires, NanoTon ceiling, long voucherExpires)
      implements ContractMessage {}

  /** To a channel: its owner wants something back; 0: everything, and to close. */
  record Withdraw(long queryId, NanoTon amount) implements ContractMessage {}

  /** To a channel: the delay is over. */
  record Finish(long queryId) implements ContractMessage {}

  /** To a channel: the router lets its owner out at once. */
  record Released(long queryId, NanoTon charged, NanoTon withdrawn, boolean closes, long expires)
      implements ContractMessage {}

  /** From a settlement contract to a channel: the router wants it to close. */
  record RouterClose(long queryId) implements ContractMessage {}

  /** From a channel to its owner. */
  record PaidBack(long queryId, NanoTon amount) implements ContractMessage {}

  /** From a channel to its settlement contract: what was claimed. */
  record Collect(long queryId, NanoTon amount) implements ContractMessage {}

  /** From a channel to its settlement contract: it opened. */
  record Register(long queryId, TonAddress owner, byte[] voucherKey) implements ContractMessage {}

  /** From a channel to its settlement contract: it closed. */
  record Unregister(long queryId, TonAddress owner, byte[] voucherKey) implements ContractMessage {}

  /** To a settlement contract: its stake grows. */
  record Stake(long queryId, NanoTon amount) implements ContractMessage {}

  /** To a settlement contract: an epoch's commitment. */
  record Commit(long queryId, long epoch, byte[] root, NanoTon earned, byte[] digest, long expires)
      implements ContractMessage {}

  /** To a settlement contract: 2^height leaves are to be paid, from this index. */
  record Payout(long queryId, long index, int height) implements ContractMessage {}

  /** To a settlement contract: two commitments of one epoch. */
  record Slash(long queryId) implements ContractMessage {}

  /** To a settlement contract: it shall take no new channels. */
  record Retire(long queryId) implements ContractMessage {}

  /** To a settlement contract: the stake goes back. */
  record Unstake(long queryId) implements ContractMessage {}

  /** To a settlement contract: it shall close a channel. */
  record CloseChannel(long queryId, TonAddress owner, byte[] voucherKey)
      implements ContractMessage {}

  /** To a settlement contract: what is above its liabilities goes to the owner. */
  record Sweep(long queryId) implements ContractMessage {}

  /** From a settlement contract to a payee; the message's value is what it earned. */
  record Earned(long queryId, long epoch) implements ContractMessage {}

  /** From a settlement contract to its owner: its stake, or (0) what was swept. */
  record StakeBack(long queryId, NanoTon amount) implements ContractMessage {}

  /** From any of the contracts: what was too much. */
  record Excesses(long queryId) implements ContractMessage {}

  /**
   * A message that came back.
   *
   * @param op of what was sent
   * @param queryId of it
   * @param amount of it, where its kind begins with one
   */
  record Bounced(int op, long queryId, Optional<NanoTon> amount) implements ContractMessage {}

  /** Anything else, also what has a known op and a wrong form. */
  record Unknown(Cell body) implements ContractMessage {}

  /** The longest comment that is read. */
  int MAX_COMMENT_BYTES = 256;

  /** Reads a body; never fails. */
  static ContractMessage parse(Cell body) {
    if (body.isEmpty()) {
      return new Empty();
    }
    try {
      CellReader in = body.read();
      return Bodies.parse(in).orElseGet(() -> new Unknown(body));
    } catch (IllegalArgumentException e) {
      return new Unknown(body);
    }
  }

  /** Reads the body of a message that came back; never fails. */
  static ContractMessage parseBounced(Cell body) {
    try {
      return Bodies.parseBounced(body.read());
    } catch (IllegalArgumentException e) {
      return new Unknown(body);
    }
  }
}
