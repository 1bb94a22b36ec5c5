package org.cocoon.client.pay;

import org.cocoon.contracts.NanoTon;

/** More would be promised than the owner of the voucher key allows. */
public final class OverBudgetException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient NanoTon missing;

  OverBudgetException(NanoTon budget, NanoTon wanted) {
    super(
        "This would promise %s in all, and the budget is %s: raise --budget, or lower max_tokens."
            .formatted(wanted, budget));
    this.missing = wanted.minus(budget);
  }

  /** By how much. */
  public NanoTon missing() {
    return missing;
  }
}
