package org.cocoon.router.settlement;

import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.chain.ChainMessage;
import org.cocoon.contracts.chain.ChainTransaction;
import org.cocoon.contracts.chain.ChannelContract.Status;
import org.cocoon.contracts.chain.ContractMessage;
import org.cocoon.contracts.chain.Op;
import org.cocoon.contracts.chain.Outcome;

/**
 * What a channel's transactions make of it: the state machine of contracts/tolk/src/channel.tolk as
 * far as money goes. Amounts in nanoTON, cumulative.
 *
 * <pre>
 *   NEW, CLOSED      deposit                  OPEN      deposited grows
 *   OPEN, CLOSING    deposit                            deposited grows
 *   OPEN, CLOSING    claim                              claimed grows by what was collected
 *   OPEN             withdraw an amount                 pending, unlockAt
 *   OPEN             withdraw everything      CLOSING   unlockAt
 *   OPEN             router closes            CLOSING   unlockAt
 *   OPEN             finish, release                    withdrawn grows by what was paid
 *   OPEN, CLOSING    closing release          CLOSING   unlockAt; withdrawn grows by all there is
 *   CLOSING          finish                   CLOSED    withdrawn grows by what was paid
 *   any              collection came back               claimed shrinks
 *   any              payment came back                  withdrawn shrinks
 *   any              registration came back   CLOSED    withdrawn grows by what was paid
 * </pre>
 *
 * @param status where it stands
 * @param deposited by the owner
 * @param claimed by the router
 * @param withdrawn by the owner
 * @param pending that the owner asked for; of a closing: 0, and it is everything
 * @param unlockAt from when on it gets it, in seconds since 1970; 0: nothing was asked for
 */
record ChannelBooks(
    Status status, long deposited, long claimed, long withdrawn, long pending, long unlockAt) {
  /** Of a channel that has no transaction yet. */
  static final ChannelBooks NEW = new ChannelBooks(Status.NEW, 0, 0, 0, 0, 0);

  ChannelBooks {
    if (deposited < 0
        || claimed < 0
        || withdrawn < 0
        || pending < 0
        || claimed > deposited - withdrawn) {
      throw new IllegalArgumentException(
          "no channel has deposited %d, claimed %d, withdrawn %d, pending %d"
              .formatted(deposited, claimed, withdrawn, pending));
    }
  }

  /** What is still there. */
  long locked() {
    return deposited - claimed - withdrawn;
  }

  /**
   * The books after one more transaction of the contract.
   *
   * @param delaySeconds of the contract's terms
   * @throws IllegalArgumentException if no such channel can have done this
   */
  ChannelBooks after(ChainTransaction transaction, long delaySeconds) {
    ChainMessage in = transaction.in().orElse(null);
    if (in == null || !in.isInternal() || !(transaction.outcome() instanceof Outcome.Succeeded)) {
      return this; // refused: nothing has changed
    }
    long unlock = transaction.seconds() + delaySeconds;
    return switch (in.content()) {
      case ContractMessage.Deposit(long queryId, NanoTon amount) -> deposit(amount.nanos());
      case ContractMessage.Claim claim ->
          with(status, claimed + collected(transaction), withdrawn, pending, unlockAt);
      case ContractMessage.Withdraw(long queryId, NanoTon amount) ->
          with(
              amount.nanos() == 0 ? Status.CLOSING : status,
              claimed,
              withdrawn,
              amount.nanos(),
              unlock);
      case ContractMessage.RouterClose close -> with(Status.CLOSING, claimed, withdrawn, 0, unlock);
      case ContractMessage.Finish finish ->
          with(
              closed(transaction) ? Status.CLOSED : status,
              claimed,
              withdrawn + paidBack(transaction),
              0,
              0);
      case ContractMessage.Released release ->
          release.closes()
              ? with(
                  Status.CLOSING,
                  claimed,
                  withdrawn + paidBack(transaction),
                  0,
                  status == Status.CLOSING ? unlockAt : unlock)
              : with(status, claimed, withdrawn + paidBack(transaction), pending, unlockAt);
      case ContractMessage.Bounced bounced -> cameBack(bounced, transaction);
      // The rest is none of a channel's business: it refuses it, or it is an empty transfer.
      case ContractMessage.Empty other -> this;
      case ContractMessage.Comment other -> this;
      case ContractMessage.PaidBack other -> this;
      case ContractMessage.Collect other -> this;
      case ContractMessage.Register other -> this;
      case ContractMessage.Unregister other -> this;
      case ContractMessage.Stake other -> this;
      case ContractMessage.Commit other -> this;
      case ContractMessage.Payout other -> this;
      case ContractMessage.Slash other -> this;
      case ContractMessage.Retire other -> this;
      case ContractMessage.Unstake other -> this;
      case ContractMessage.CloseChannel other -> this;
      case ContractMessage.Sweep other -> this;
      case ContractMessage.Earned other -> this;
      case ContractMessage.StakeBack other -> this;
      case ContractMessage.Excesses other -> this;
      case ContractMessage.Unknown other -> this;
    };
  }

  private ChannelBooks deposit(long amount) {
    boolean opens = status == Status.NEW || status == Status.CLOSED;
    return new ChannelBooks(
        opens ? Status.OPEN : status,
        Math.addExact(deposited, amount),
        claimed,
        withdrawn,
        opens ? 0 : pending,
        opens ? 0 : unlockAt);
  }

  private ChannelBooks cameBack(ContractMessage.Bounced bounced, ChainTransaction transaction) {
    long amount = bounced.amount().map(NanoTon::nanos).orElse(0L);
    return switch (bounced.op()) {
      case Op.COLLECT -> with(status, claimed - amount, withdrawn, pending, unlockAt);
      case Op.PAID_BACK -> with(status, claimed, withdrawn - amount, pending, unlockAt);
      case Op.REGISTER -> with(Status.CLOSED, claimed, withdrawn + paidBack(transaction), 0, 0);
      default -> this;
    };
  }

  private ChannelBooks with(
      Status newStatus, long newClaimed, long newWithdrawn, long newPending, long newUnlockAt) {
    return new ChannelBooks(
        newStatus, deposited, newClaimed, newWithdrawn, newPending, newUnlockAt);
  }

  private static long collected(ChainTransaction transaction) {
    long amount = 0;
    for (ChainMessage out : transaction.out()) {
      if (out.content() instanceof ContractMessage.Collect collect) {
        amount += collect.amount().nanos();
      }
    }
    return amount;
  }

  private static long paidBack(ChainTransaction transaction) {
    long amount = 0;
    for (ChainMessage out : transaction.out()) {
      if (out.content() instanceof ContractMessage.PaidBack back) {
        amount += back.amount().nanos();
      }
    }
    return amount;
  }

  private static boolean closed(ChainTransaction transaction) {
    return transaction.out().stream()
        .anyMatch(out -> out.content() instanceof ContractMessage.Unregister);
  }
}
