package org.cocoon.router.settlement;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChainMessage;
import org.cocoon.contracts.chain.ChainTransaction;
import org.cocoon.contracts.chain.ContractMessage;
import org.cocoon.contracts.chain.Op;
import org.cocoon.contracts.chain.Outcome;
import org.cocoon.contracts.chain.SettlementContract.Status;

/**
 * What the settlement contract's transactions make of it: the state machine of
 * contracts/tolk/src/settlement.tolk as far as money goes. Amounts in nanoTON.
 *
 * <pre>
 *   NEW, ACTIVE        stake              ACTIVE with the least stake   stake grows
 *   ACTIVE             comment                                          collected grows
 *   ACTIVE, RETIRING   collect                                          collected grows
 *   ACTIVE             register                                         a channel more
 *   any                unregister                                       a channel less
 *   ACTIVE, RETIRING   commit                                           epoch, statement
 *   any                payout                                           paid grows
 *   ACTIVE             retire             RETIRING
 *   RETIRING           unstake            RELEASED                      stake is 0
 *   ACTIVE, RETIRING   slash              SLASHED                       stake is 0
 *   any                stake came back    RETIRING                      stake grows
 * </pre>
 *
 * @param status where it stands
 * @param stake that is there
 * @param openChannels how many
 * @param collected from channels, and prepaid
 * @param paid to payees
 * @param epoch the newest; 0: none
 * @param statementHash of its commitment, 32 bytes
 * @param committedAt in seconds since 1970
 */
record ContractBooks(
    Status status,
    long stake,
    long openChannels,
    long collected,
    long paid,
    long epoch,
    byte[] statementHash,
    long committedAt) {
  /** Of a contract that has no transaction yet. */
  static final ContractBooks NEW = new ContractBooks(Status.NEW, 0, 0, 0, 0, 0, new byte[32], 0);

  ContractBooks {
    if (stake < 0 || openChannels < 0 || paid < 0 || collected < paid || epoch < 0) {
      throw new IllegalArgumentException(
          "no settlement contract has stake %d, channels %d, collected %d, paid %d, epoch %d"
              .formatted(stake, openChannels, collected, paid, epoch));
    }
  }

  /** What a transaction means for others than the contract. */
  sealed interface Event {
    /** A transfer with a comment came in. */
    record Prepaid(Optional<TonAddress> source, long amount, String comment) implements Event {}

    /** A claim, or a stranger's gift, came in. */
    record Collected(TonAddress source, long amount) implements Event {}

    /** An epoch was committed to. */
    record Committed(ContractMessage.Commit commit) implements Event {}

    /** A payee was paid. */
    record Paid(TonAddress payee, long amount) implements Event {}

    /** Somebody showed two commitments of one epoch. */
    record Slashed() implements Event {}

    /** Something was asked for and refused. */
    record Refused(ContractMessage request, Outcome outcome) implements Event {}
  }

  /** The books after a transaction, and what it means. */
  record Step(ContractBooks books, List<Event> events) {}

  /**
   * The books after one more transaction.
   *
   * @param terms of the contract
   * @throws IllegalArgumentException if no such contract can have done this
   */
  Step after(ChainTransaction transaction, SettlementTerms terms) {
    ChainMessage in = transaction.in().orElse(null);
    if (in == null || !in.isInternal()) {
      return new Step(this, List.of());
    }
    if (!(transaction.outcome() instanceof Outcome.Succeeded)) {
      return new Step(this, List.of(new Event.Refused(in.content(), transaction.outcome())));
    }
    return switch (in.content()) {
      case ContractMessage.Stake(long queryId, NanoTon amount) -> {
        long grown = Math.addExact(stake, amount.nanos());
        boolean enough = grown >= terms.contract().minStake().nanos();
        yield quiet(with(enough ? Status.ACTIVE : status, grown, openChannels));
      }
      case ContractMessage.Comment(String text) -> {
        long amount = SettlementTerms.FEES.prepaid(in.value()).nanos();
        yield new Step(collect(amount), List.of(new Event.Prepaid(in.source(), amount, text)));
      }
      case ContractMessage.Collect(long queryId, NanoTon amount) ->
          new Step(
              collect(amount.nanos()),
              List.of(new Event.Collected(in.source().orElseThrow(), amount.nanos())));
      case ContractMessage.Register register -> quiet(with(status, stake, openChannels + 1));
      case ContractMessage.Unregister unregister -> quiet(with(status, stake, openChannels - 1));
      case ContractMessage.Commit commit ->
          new Step(
              new ContractBooks(
                  status,
                  stake,
                  openChannels,
                  collected,
                  paid,
                  commit.epoch(),
                  statementHash(terms, commit),
                  transaction.seconds()),
              List.of(new Event.Committed(commit)));
      case ContractMessage.Payout payout -> payOut(transaction);
      case ContractMessage.Retire retire -> quiet(with(Status.RETIRING, stake, openChannels));
      case ContractMessage.Unstake unstake -> quiet(with(Status.RELEASED, 0, openChannels));
      case ContractMessage.Slash slash ->
          new Step(with(Status.SLASHED, 0, openChannels), List.of(new Event.Slashed()));
      case ContractMessage.Bounced bounced ->
          bounced.op() == Op.STAKE_BACK && bounced.amount().orElse(NanoTon.ZERO).nanos() > 0
              ? quiet(
                  with(
                      Status.RETIRING,
                      stake + bounced.amount().orElseThrow().nanos(),
                      openChannels))
              : quiet(this);
      // Changes nothing: what is above the liabilities is the owner's.
      case ContractMessage.Sweep other -> quiet(this);
      case ContractMessage.CloseChannel other -> quiet(this);
      case ContractMessage.Empty other -> quiet(this);
      // The contract refuses these.
      case ContractMessage.Deposit other -> quiet(this);
      case ContractMessage.Claim other -> quiet(this);
      case ContractMessage.Withdraw other -> quiet(this);
      case ContractMessage.Finish other -> quiet(this);
      case ContractMessage.Released other -> quiet(this);
      case ContractMessage.RouterClose other -> quiet(this);
      case ContractMessage.PaidBack other -> quiet(this);
      case ContractMessage.Earned other -> quiet(this);
      case ContractMessage.StakeBack other -> quiet(this);
      case ContractMessage.Excesses other -> quiet(this);
      case ContractMessage.Unknown other -> quiet(this);
    };
  }

  private Step payOut(ChainTransaction transaction) {
    long amount = 0;
    List<Event> payments = new ArrayList<>();
    for (ChainMessage out : transaction.out()) {
      if (out.content() instanceof ContractMessage.Earned) {
        amount = Math.addExact(amount, out.value().nanos());
        payments.add(new Event.Paid(out.destination().orElseThrow(), out.value().nanos()));
      }
    }
    return new Step(
        new ContractBooks(
            status,
            stake,
            openChannels,
            collected,
            paid + amount,
            epoch,
            statementHash,
            committedAt),
        payments);
  }

  private ContractBooks collect(long amount) {
    return new ContractBooks(
        status,
        stake,
        openChannels,
        Math.addExact(collected, amount),
        paid,
        epoch,
        statementHash,
        committedAt);
  }

  private ContractBooks with(Status newStatus, long newStake, long newChannels) {
    return new ContractBooks(
        newStatus, newStake, newChannels, collected, paid, epoch, statementHash, committedAt);
  }

  private static Step quiet(ContractBooks books) {
    return new Step(books, List.of());
  }

  private static byte[] statementHash(SettlementTerms terms, ContractMessage.Commit commit) {
    return new Commitment(
            terms.networkId(),
            terms.address(),
            commit.epoch(),
            commit.root(),
            commit.earned(),
            commit.digest(),
            commit.expires(),
            new byte[64])
        .hash();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ContractBooks that
        && status == that.status
        && stake == that.stake
        && openChannels == that.openChannels
        && collected == that.collected
        && paid == that.paid
        && epoch == that.epoch
        && Arrays.equals(statementHash, that.statementHash)
        && committedAt == that.committedAt;
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(statementHash);
  }
}
