package org.cocoon.worker.upstream;

import java.io.IOException;

/** A server did what it must not; the message says what, and holds nothing of prompt or answer. */
final class UpstreamFault extends IOException {
  private static final long serialVersionUID = 1;

  UpstreamFault(String message) {
    super(message);
  }
}
