package org.cocoon.link.sealing;

import java.io.IOException;

/** There are no sealing keys here; the message says why and what to use instead. */
public final class SealingUnavailableException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Makes one from a sentence. */
  public SealingUnavailableException(String sentence) {
    super(sentence);
  }
}
