package org.cocoon.router.settlement;

import java.io.IOException;
import java.io.Serial;

/** Settlement cannot go on; the message is a sentence for the operator. */
public final class SettlementException extends IOException {
  @Serial private static final long serialVersionUID = 1;

  /** A reason without a cause. */
  public SettlementException(String message) {
    super(message);
  }

  /** A reason with its cause. */
  public SettlementException(String message, Throwable cause) {
    super(message, cause);
  }
}
