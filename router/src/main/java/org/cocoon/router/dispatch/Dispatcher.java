package org.cocoon.router.dispatch;

import java.util.List;

/**
 * Chooses the worker that is expected to finish a request first.
 *
 * <p>The expected time is
 *
 * <pre>
 *   (pending prompt tokens + prompt) / prefill rate      until the first token
 * + output / stream rate with one more stream            until the last
 * </pre>
 *
 * from rates that this router observed, with everything that it dispatched since the last report
 * counted as pending already, so that two decisions in a row do not herd. The time is weighed by
 * price: a worker of twice the coefficient must promise {@value #PRICE_WEIGHT} (of 1) less time.
 * Ties go to the emptier worker.
 *
 * <p>A pure function: no clock, no random numbers, no I/O; one pass, no allocation. State of the
 * fleet must not change during a call, which the single event loop guarantees.
 */
public final class Dispatcher {
  /** How much the share of price above 1.0 counts against time. */
  static final double PRICE_WEIGHT = 0.15;

  /**
   * Decides.
   *
   * @param demand what is asked
   * @param candidates all attached workers that have the model and did not fail this request
   */
  public Decision decide(Demand demand, List<? extends Candidate> candidates) {
    Candidate best = null;
    double bestCost = Double.POSITIVE_INFINITY;
    boolean anyAccepting = false;
    boolean anyAffordable = false;
    boolean anyLongEnough = false;
    for (int i = 0; i < candidates.size(); i++) {
      Candidate candidate = candidates.get(i);
      if (!candidate.accepting()) {
        continue;
      }
      anyAccepting = true;
      if (candidate.coefficient() > demand.maxCoefficient()) {
        continue;
      }
      anyAffordable = true;
      if (candidate.contextTokens() < demand.contextTokens()) {
        continue;
      }
      anyLongEnough = true;
      if (candidate.occupied() >= candidate.slots()) {
        continue;
      }
      double cost = cost(demand, candidate);
      if (cost < bestCost
          || (cost == bestCost && best != null && candidate.occupied() < best.occupied())) {
        best = candidate;
        bestCost = cost;
      }
    }
    if (best != null) {
      return best.assigned();
    }
    if (!anyAccepting) {
      return Decision.Refused.NO_WORKER;
    }
    if (!anyAffordable) {
      return Decision.Refused.TOO_DEAR;
    }
    if (!anyLongEnough) {
      return Decision.Refused.CONTEXT_TOO_SHORT;
    }
    return demand.mayWait() ? Decision.Queued.QUEUED : Decision.Refused.QUEUE_FULL;
  }

  private static double cost(Demand demand, Candidate candidate) {
    double untilFirst =
        (candidate.pendingPromptTokens() + demand.promptTokens())
            / candidate.prefillTokensPerSecond();
    double untilLast = demand.outputTokens() / candidate.expectedStreamTokensPerSecond();
    double price = 1 + PRICE_WEIGHT * (candidate.coefficient() - 1000) / 1000.0;
    return (untilFirst + untilLast) * Math.max(price, 0.1);
  }
}
