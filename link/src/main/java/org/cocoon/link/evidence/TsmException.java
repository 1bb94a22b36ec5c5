package org.cocoon.link.evidence;

import java.io.IOException;

/** Why the TEE gave no report; the message is a sentence for an operator. */
public final class TsmException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The kinds of failure. */
  public enum Failure {
    /** There is no TEE here: no report folder, or no provider behind it (ENXIO). */
    NO_TEE,
    /** The TEE is busy, or another process used the same report (EBUSY, generation moved). */
    BUSY,
    /** The TEE did not take the input (EINVAL). */
    REFUSED_INPUT,
    /** The TEE did not answer in time. */
    TIMEOUT,
    /** Anything else that the files said. */
    IO
  }

  private final Failure failure;

  /** Makes one from its kind and a sentence. */
  public TsmException(Failure failure, String sentence) {
    super(sentence);
    this.failure = failure;
  }

  /** Makes one from its kind, a sentence and what caused it. */
  public TsmException(Failure failure, String sentence, Throwable cause) {
    super(sentence, cause);
    this.failure = failure;
  }

  /** The kind. */
  public Failure failure() {
    return failure;
  }
}
