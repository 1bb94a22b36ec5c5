package org.cocoon.link.evidence;

import java.io.IOException;

/** Bytes that are not the DER that they should be; the message says what is wrong. */
public final class DerException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Makes one from a sentence. */
  public DerException(String sentence) {
    super(sentence);
  }
}
