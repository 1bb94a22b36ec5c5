package org.cocoon.router.settlement;

import io.vertx.core.Future;
import java.util.Optional;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.router.ledger.Ledger.Account;

/** Of a router whose ledger is its operator's word alone. */
public final class NoSettlement implements Settlement {
  private static final String SENTENCE =
      "This router does not settle on a chain; its operator sees to balances.";

  @Override
  public Optional<SettlementTerms> terms() {
    return Optional.empty();
  }

  @Override
  public Future<AccountView> view(Account account) {
    return Future.succeededFuture(AccountView.NONE);
  }

  @Override
  public Future<ChannelOutcome> openChannel(
      Account account, TonAddress owner, byte[] voucherKey, Voucher first) {
    return Future.succeededFuture(
        new ChannelOutcome.Refused(SettlementRefusal.NO_SETTLEMENT, SENTENCE));
  }

  @Override
  public Future<VoucherOutcome> submitVoucher(Account account, Voucher voucher) {
    return Future.succeededFuture(
        new VoucherOutcome.Refused(SettlementRefusal.NO_SETTLEMENT, SENTENCE));
  }

  @Override
  public Future<WithdrawalOutcome> withdraw(Account account, Withdrawal request) {
    return Future.succeededFuture(
        new WithdrawalOutcome.Refused(SettlementRefusal.NO_SETTLEMENT, SENTENCE));
  }

  @Override
  public Future<PayeeView> payee(TonAddress address) {
    return Future.succeededFuture(PayeeView.NOTHING);
  }

  @Override
  public Future<Boolean> assignPrepayment(String transaction, Account account) {
    return Future.succeededFuture(false);
  }

  @Override
  public Future<ChallengeOutcome> challenge(Commitment shown) {
    return Future.succeededFuture(new ChallengeOutcome.NotOurs(SENTENCE));
  }
}
