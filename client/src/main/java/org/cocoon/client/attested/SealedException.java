package org.cocoon.client.attested;

/** A call that got no answer, or only a part of it; has no stack trace of its own. */
public final class SealedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Failure failure;

  /** Wraps what went wrong. */
  public SealedException(Failure failure) {
    super(failure.message(), null, false, false);
    this.failure = failure;
  }

  /** What went wrong, as far as the caller can act on it. */
  public Failure failure() {
    return failure;
  }
}
