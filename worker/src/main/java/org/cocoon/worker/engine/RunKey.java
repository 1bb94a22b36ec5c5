package org.cocoon.worker.engine;

/**
 * Names one generation.
 *
 * @param link which uplink it came over, a number that the worker chose
 * @param run the router's number for it
 * @param choice which of the request's answers it is, from 0
 */
public record RunKey(long link, long run, int choice) {

  /** Names the only, or first, answer to a request. */
  public RunKey(long link, long run) {
    this(link, run, 0);
  }

  /** Names another answer to the same request. */
  public RunKey withChoice(int other) {
    return new RunKey(link, run, other);
  }
}
