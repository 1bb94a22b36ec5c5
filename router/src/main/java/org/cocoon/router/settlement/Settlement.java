package org.cocoon.router.settlement;

import io.vertx.core.Future;
import java.util.Optional;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.router.ledger.Ledger.Account;

/**
 * What clients and the owners of workers can do about money on a chain.
 *
 * <p>Methods are called on the router's event loop and return at once; futures complete on it. What
 * is expected is an outcome; a failed future means that the database is away. None waits for the
 * chain.
 */
public interface Settlement {
  /** Where and how this router settles; empty if it does not. */
  Optional<SettlementTerms> terms();

  /** What an account has on the chain, and how more gets there. */
  Future<AccountView> view(Account account);

  /**
   * Registers a channel for an account, before or after it has a deposit. A channel belongs to one
   * account for good, and an account has one channel; the same again is {@code Opened}.
   *
   * @param owner wallet that deposits and gets back what is left
   * @param voucherKey Ed25519, 32 bytes; with the owner it makes the channel's address
   * @param first the channel's first voucher: proves that the account's holder has the key
   */
  Future<ChannelOutcome> openChannel(
      Account account, TonAddress owner, byte[] voucherKey, Voucher first);

  /**
   * Raises what an account's channel may be charged in all. Vouchers may come late, twice and in
   * any order: the best one counts.
   */
  Future<VoucherOutcome> submitVoucher(Account account, Voucher voucher);

  /**
   * Takes money out without waiting for the contract's delay. An account has one withdrawal from
   * its channel at a time: asking again says how far it is, until it was used or its time is over.
   */
  Future<WithdrawalOutcome> withdraw(Account account, Withdrawal request);

  /** What an address has earned from this router, and what it was paid. */
  Future<PayeeView> payee(TonAddress address);

  /**
   * Gives prepaid credit whose comment named no account to one; for operators.
   *
   * @param transaction hash of the transfer's transaction, 64 hexadecimal digits
   * @return whether there was such credit, still given to nobody
   */
  Future<Boolean> assignPrepayment(String transaction, Account account);

  /**
   * Compares a commitment that somebody shows with what this router committed to. Two for one epoch
   * mean that the router's key is in other hands: whoever shows both to the contract gets a tenth
   * of the stake.
   */
  Future<ChallengeOutcome> challenge(Commitment shown);
}
