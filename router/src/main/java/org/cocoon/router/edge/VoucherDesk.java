package org.cocoon.router.edge;

import io.vertx.core.Future;
import org.cocoon.contracts.Voucher;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.request.Refusal;
import org.cocoon.router.request.Refusal.Kind;
import org.cocoon.router.settlement.Settlement;
import org.cocoon.router.settlement.SettlementRefusal;
import org.cocoon.router.settlement.VoucherOutcome;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the vouchers that come with requests, before the request is held for. Belongs to the event
 * loop.
 */
final class VoucherDesk {
  /** The longest text that is looked at; a voucher has less. */
  static final int MAX_CHARS = 512;

  private static final Logger log = LoggerFactory.getLogger(VoucherDesk.class);

  private final Settlement settlement;

  VoucherDesk(Settlement settlement) {
    this.settlement = settlement;
  }

  /**
   * Takes a voucher. Where the database is away the request goes on with the credit that there is.
   *
   * @param text as it came; null: none came
   * @param param where it came
   * @return fails with a {@link RefusedException}, if the voucher is worthless
   */
  Future<Void> accept(Account account, @Nullable String text, String param) {
    if (text == null) {
      return Future.succeededFuture();
    }
    return submit(account, text, param)
        .<Void>mapEmpty()
        .recover(
            fault -> {
              if (fault instanceof RefusedException) {
                return Future.failedFuture(fault);
              }
              log.warn(
                  "event=voucher_not_kept account={} reason=\"{}\"",
                  account.id(),
                  fault.toString());
              return Future.succeededFuture();
            });
  }

  /** Takes a voucher and says what it is worth; fails as {@link #accept}, or with the database. */
  Future<VoucherOutcome> submit(Account account, String text, String param) {
    Voucher voucher;
    try {
      voucher = parse(text);
    } catch (IllegalArgumentException e) {
      return Future.failedFuture(
          new RefusedException(
              Refusal.ofParam(
                  Kind.BAD_REQUEST,
                  param,
                  "'%s' must be a voucher: %s.".formatted(param, e.getMessage()))));
    }
    return settlement
        .submitVoucher(account, voucher)
        .compose(
            outcome ->
                switch (outcome) {
                  case VoucherOutcome.Accepted accepted -> Future.succeededFuture(outcome);
                  case VoucherOutcome.Superseded better -> Future.succeededFuture(outcome);
                  case VoucherOutcome.Refused(SettlementRefusal reason, String sentence) ->
                      Future.failedFuture(refused(reason, param, sentence));
                });
  }

  private static Voucher parse(String text) {
    if (text.length() > MAX_CHARS) {
      throw new IllegalArgumentException("too long for such a statement");
    }
    return Voucher.parse(text.strip());
  }

  /** What the settlement refuses, as an error of the API. */
  static RefusedException refused(SettlementRefusal reason, String param, String sentence) {
    Kind kind =
        switch (reason) {
          case OTHER_NETWORK, OTHER_CONTRACT, BAD_SIGNATURE, EXPIRED, ENDS_TOO_LATE ->
              Kind.INVALID_STATEMENT;
          case NO_SETTLEMENT -> Kind.NO_SETTLEMENT;
          case NO_CHANNEL -> Kind.NO_CHANNEL;
          case OTHER_CHANNEL, TAKEN -> Kind.CHANNEL_TAKEN;
          case AMOUNT -> Kind.BAD_REQUEST;
          case STATE -> Kind.WITHDRAWAL_STATE;
        };
    return new RefusedException(Refusal.ofParam(kind, param, sentence));
  }
}
