package org.cocoon.bench;

import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/** A run's figures as text for a terminal. */
final class Report {
  private static final double[] PERCENTILES = {50, 90, 95, 99, 99.9};

  private final Run run;
  private final RunResult result;
  private final Measurements figures;
  private final Validity validity;
  private final StringBuilder text = new StringBuilder();

  Report(Run run, RunResult result, Measurements figures, Validity validity) {
    this.run = run;
    this.result = result;
    this.figures = figures;
    this.validity = validity;
  }

  /** The whole report, ending in a line feed. */
  String render() {
    heading();
    latencies();
    throughput();
    errors();
    generator();
    text.append("\nDefinitions\n");
    Measurements.DEFINITIONS.forEach(line -> text.append("  ").append(line).append("\n"));
    verdict();
    return text.toString();
  }

  private void line(String name, String value) {
    text.append(String.format(Locale.ROOT, "%-12s", name)).append(value).append("\n");
  }

  private void heading() {
    if (result.stoppedEarly()) {
      text.append("PARTIAL: stopped before the end; ")
          .append(result.abandoned())
          .append(" requests were under way and count nowhere.\n");
    }
    line("Target", String.format(Locale.ROOT, "%s, model %s", run.target(), run.model()));
    line(
        "Load",
        String.format(
            Locale.ROOT,
            "%s; %,d of %,d requests ended; seed %d",
            run.arrivals().describe(),
            result.records().size(),
            run.requests(),
            run.seed()));
  }

  private void latencies() {
    text.append(
        String.format(
            Locale.ROOT,
            "%n%-34s%10s%10s%10s%10s%10s%10s%10s%9s%n",
            "Milliseconds",
            "p50",
            "p90",
            "p95",
            "p99",
            "p99.9",
            "mean",
            "max",
            "samples"));
    row("response  TTFT", figures.response().firstToken());
    row("(intended send)  E2E", figures.response().endToEnd());
    row("service   TTFT", figures.service().firstToken());
    row("(dispatch)  E2E", figures.service().endToEnd());
    row("TPOT, per answer", figures.timePerOutputToken());
    row("ICL, between pieces", result.chunkGaps());
    if (figures.hasTokenLatency()) {
      row("ITL, between tokens", result.tokenGaps());
    } else {
      text.append("ITL, between tokens               n/a: ")
          .append(
              figures.usageTold() < figures.succeeded()
                  ? "the server does not tell its tokens"
                  : "pieces hold " + Figures.number(figures.tokensPerChunk()) + " tokens")
          .append("\n");
    }
  }

  private void row(String name, Distribution samples) {
    text.append(String.format(Locale.ROOT, "%-34s", name));
    for (double percentile : PERCENTILES) {
      cell(samples.percentile(percentile));
    }
    cell(samples.mean());
    cell(samples.max());
    text.append(String.format(Locale.ROOT, "%,9d%n", samples.count()));
  }

  private void cell(OptionalDouble nanos) {
    text.append(
        String.format(
            Locale.ROOT, "%10s", nanos.isPresent() ? Figures.millis(nanos.getAsDouble()) : "n/a"));
  }

  private void throughput() {
    text.append("\n");
    line(
        "Throughput",
        String.format(
            Locale.ROOT,
            "%s tokens/s, %s requests/s over %s s",
            Figures.number(figures.tokensPerSecond()),
            Figures.number(figures.requestsPerSecond()),
            Figures.number(figures.windowSeconds())));
    line(
        "Tokens",
        String.format(
            Locale.ROOT,
            "%,d out, %,d in (%s); %s a piece, %s pieces a read",
            figures.outputTokens(),
            figures.promptTokens(),
            figures.usageTold() == figures.succeeded()
                ? "the server's usage"
                : String.format(
                    Locale.ROOT,
                    "usage for %,d of %,d answers, else pieces counted",
                    figures.usageTold(),
                    figures.succeeded()),
            Figures.number(figures.tokensPerChunk()),
            Figures.number(
                figures.contentReads() == 0
                    ? 0
                    : (double) figures.contentChunks() / figures.contentReads())));
    if (figures.costNanoton() > 0) {
      line(
          "Cost",
          String.format(
              Locale.ROOT,
              "%,d nanoTON, %s for a million tokens out",
              figures.costNanoton(),
              Figures.number(figures.costNanoton() * 1e6 / Math.max(1, figures.outputTokens()))));
    }
    line(
        "Answers",
        String.format(
            Locale.ROOT,
            "%,d good (%s)%s",
            figures.succeeded(),
            counts(figures.finishReasons()),
            figures.empty() == 0 ? "" : ", " + figures.empty() + " of them without text"));
  }

  private void errors() {
    line(
        "Errors",
        String.format(
            Locale.ROOT,
            "%,d%s",
            figures.failed(),
            figures.failed() == 0 ? "" : ": " + counts(figures.failures())));
  }

  private static String counts(Map<String, Long> counted) {
    StringBuilder list = new StringBuilder();
    counted.forEach(
        (name, count) ->
            list.append(list.isEmpty() ? "" : ", ")
                .append(String.format(Locale.ROOT, "%,d x %s", count, name)));
    return list.isEmpty() ? "none" : list.toString();
  }

  private void generator() {
    OwnCost.Cost cost = result.cost();
    line(
        "Generator",
        String.format(
            Locale.ROOT,
            "%s of %d cores, busiest of %d loops %s, longest collection %s ms, longest stall %s ms",
            Figures.percent(cost.cpuShare()),
            cost.cores(),
            run.loops(),
            Figures.percent(cost.busiestLoopShare()),
            Figures.millis(cost.longestCollectionNanos()),
            Figures.millis(cost.longestStallNanos())));
    OptionalDouble lag = figures.sendLag().percentile(99);
    line(
        "Send lag",
        String.format(
            Locale.ROOT,
            "p99 %s, at most %s ms%s",
            lag.isPresent() ? Figures.millis(lag.getAsDouble()) + " ms" : "n/a",
            Figures.millis(figures.sendLag().max().orElse(0)),
            figures.achievedShare().isPresent()
                ? "; "
                    + Figures.percent(figures.achievedShare().getAsDouble())
                    + " of the rate achieved"
                : ""));
  }

  private void verdict() {
    text.append("\n");
    validity.cautions().forEach(caution -> text.append("CAUTION: ").append(caution).append(".\n"));
    if (validity.isValid()) {
      text.append("VALID\n");
    } else {
      validity.faults().forEach(fault -> text.append("INVALID: ").append(fault).append(".\n"));
    }
  }
}
