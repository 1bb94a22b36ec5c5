package org.cocoon.link.sealing;

import java.io.IOException;

/** A counter was not what its caller believed: somebody else moved it. */
public final class CounterConflictException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Makes one. */
  public CounterConflictException(String name, long believed, long actual) {
    super("counter " + name + " is " + actual + ", not " + believed + ": somebody else moved it");
  }
}
