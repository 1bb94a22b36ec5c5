package org.cocoon.router.edge;

import org.cocoon.router.request.Refusal;

/** Carries a refusal out of parsing; has no stack trace, since a caller's mistake is no fault. */
final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Refusal refusal;

  RefusedException(Refusal refusal) {
    super(refusal.message(), null, false, false);
    this.refusal = refusal;
  }

  Refusal refusal() {
    return refusal;
  }
}
