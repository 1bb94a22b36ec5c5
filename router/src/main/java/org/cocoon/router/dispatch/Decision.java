package org.cocoon.router.dispatch;

/** What dispatch decided. */
public sealed interface Decision {

  /** This worker, now. */
  record Assigned(Candidate worker) implements Decision {}

  /** Workers that fit are all full: wait. */
  enum Queued implements Decision {
    /** The one value. */
    QUEUED
  }

  /** It cannot be served. */
  enum Refused implements Decision {
    /** No worker for the model accepts requests. */
    NO_WORKER,
    /** Only dearer workers than the client accepts. */
    TOO_DEAR,
    /** No worker has a context this long. */
    CONTEXT_TOO_SHORT,
    /** All full, and so is the waiting room. */
    QUEUE_FULL
  }
}
