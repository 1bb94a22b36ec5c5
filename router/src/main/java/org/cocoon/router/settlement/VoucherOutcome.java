package org.cocoon.router.settlement;

import org.cocoon.contracts.NanoTon;

/** What became of a voucher. */
public sealed interface VoucherOutcome {
  /**
   * It is the best one now, or was already.
   *
   * @param credit that the channel gives with it, cumulative: the deposit may cover less
   */
  record Accepted(NanoTon credit) implements VoucherOutcome {}

  /**
   * A better one came before: nothing is wrong, nothing changed.
   *
   * @param ceiling of the better one
   * @param expires of the better one, in seconds since 1970
   */
  record Superseded(NanoTon ceiling, long expires) implements VoucherOutcome {}

  /** It is worthless here. */
  record Refused(SettlementRefusal reason, String sentence) implements VoucherOutcome {}
}
