package org.cocoon.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Whether a run's figures can be trusted, and why not.
 *
 * @param faults each makes the run invalid
 * @param cautions each is worth knowing before the figures are compared with others
 */
record Validity(List<String> faults, List<String> cautions) {
  private static final double LEAST_ACHIEVED = 0.99;
  private static final double MOST_CPU = 0.8;
  private static final double MOST_LOOP = 0.9;
  private static final double MOST_LAG_NANOS = 10e6;
  private static final double MOST_LAG_OF_TTFT = 0.05;
  private static final long MOST_STALL_NANOS = 5_000_000;

  boolean isValid() {
    return faults.isEmpty();
  }

  static Validity of(Measurements figures, OwnCost.Cost cost) {
    List<String> faults = new ArrayList<>();
    List<String> cautions = new ArrayList<>();
    if (figures.succeeded() == 0) {
      faults.add("no request was answered");
    }
    figures
        .achievedShare()
        .ifPresent(
            share -> {
              if (share < LEAST_ACHIEVED) {
                faults.add("only " + Figures.percent(share) + " of the asked rate was achieved");
              }
            });
    judgeLag(figures, faults, cautions);
    if (cost.cpuShare() > MOST_CPU) {
      faults.add(
          "the generator took " + Figures.percent(cost.cpuShare()) + " of the machine's CPU");
    }
    if (cost.busiestLoopShare() > MOST_LOOP) {
      faults.add(
          "the generator's busiest event loop was "
              + Figures.percent(cost.busiestLoopShare())
              + " busy; give it more with --loops");
    }
    if (figures.failures().keySet().stream()
        .anyMatch(phrase -> phrase.startsWith(Failure.Kind.GENERATOR.label()))) {
      faults.add("the generator reached its own limit of requests in flight");
    }
    if (cost.longestCollectionNanos() > MOST_STALL_NANOS) {
      cautions.add(
          "the generator's longest collection took "
              + Figures.millis(cost.longestCollectionNanos())
              + " ms");
    }
    if (cost.longestStallNanos() > MOST_STALL_NANOS) {
      cautions.add(
          "the generator was stalled for up to "
              + Figures.millis(cost.longestStallNanos())
              + " ms");
    }
    return new Validity(List.copyOf(faults), List.copyOf(cautions));
  }

  /** With too few samples for a p99, the greatest lag stands in for it, but only as a caution. */
  private static void judgeLag(Measurements figures, List<String> faults, List<String> cautions) {
    OptionalDouble lag = figures.sendLag().percentile(99);
    boolean enough = lag.isPresent();
    double worst = enough ? lag.getAsDouble() : figures.sendLag().max().orElse(0);
    double bound =
        Math.min(
            MOST_LAG_NANOS,
            MOST_LAG_OF_TTFT
                * figures.service().firstToken().percentile(50).orElse(Double.MAX_VALUE));
    if (worst > bound) {
      (enough ? faults : cautions)
          .add(
              "requests left "
                  + Figures.millis(worst)
                  + " ms late ("
                  + (enough ? "p99" : "at most")
                  + "; allowed: "
                  + Figures.millis(bound)
                  + " ms)");
    }
  }
}
