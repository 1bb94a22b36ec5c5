package org.cocoon.router.dispatch;

/**
 * What dispatch may know of a worker's model. The fleet's own object implements it, so that a
 * decision reads the state of this moment and copies nothing.
 */
public interface Candidate {

  /** Attached, its evidence still valid, not draining, breaker closed. */
  boolean accepting();

  /** Price multiplier, 1000 = 1.0. */
  int coefficient();

  /** Prompt and answer together, per request. */
  int contextTokens();

  /** Requests that can run at the same time. */
  int slots();

  /** Requests there now: our own in flight, and others' by its last report. */
  int occupied();

  /** Prompt tokens dispatched to it whose first token has not come yet. */
  long pendingPromptTokens();

  /** Prompt tokens a second, as this router observed them; never 0. */
  double prefillTokensPerSecond();

  /** Tokens a second that one more stream can expect there, as observed; never 0. */
  double expectedStreamTokensPerSecond();

  /** The decision that assigns to this candidate; made once, so that deciding allocates nothing. */
  Decision.Assigned assigned();
}
