package org.cocoon.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.HdrHistogram.Histogram;
import org.cocoon.bench.Failure.Kind;
import org.junit.jupiter.api.Test;

class MeasurementsTest {
  private static final long MS = 1_000_000;

  private static RequestRecord record(
      long index,
      long intended,
      long dispatched,
      long first,
      long last,
      long chunks,
      long tokens,
      Optional<Failure> failure) {
    return new RequestRecord(
        index,
        intended * MS,
        dispatched * MS,
        dispatched * MS,
        dispatched * MS,
        first * MS,
        first * MS,
        last * MS,
        last * MS,
        chunks,
        chunks,
        10,
        tokens,
        RequestRecord.UNKNOWN,
        "stop",
        failure);
  }

  /** Three answers and a failure, each figure below computed by hand. */
  private static final List<RequestRecord> TRACE =
      List.of(
          record(0, 0, 0, 100, 500, 5, 5, Optional.empty()),
          record(1, 100, 150, 400, 400, 1, 1, Optional.empty()),
          record(2, 200, 300, 700, 1_900, 4, 7, Optional.empty()),
          record(
              3,
              300,
              300,
              800,
              2_000,
              9,
              -1,
              Optional.of(new Failure(Kind.TRUNCATED, "no [DONE]"))));

  private static void assertMillis(double expected, OptionalDouble nanos) {
    // HdrHistogram keeps three digits.
    assertEquals(expected, nanos.orElse(-1) / MS, expected / 1000);
  }

  @Test
  void followsTheDefinitionsOnATraceComputedByHand() {
    Measurements figures = Measurements.of(TRACE, true);
    assertEquals(3, figures.succeeded());
    assertEquals(1, figures.failed());
    // From the intended times: 100, 300, 500 and 500, 300, 1700.
    assertMillis(300, figures.response().firstToken().percentile(50));
    assertMillis(300, figures.response().firstToken().mean());
    assertMillis(500, figures.response().endToEnd().percentile(50));
    assertMillis(1_700, figures.response().endToEnd().max());
    // From the dispatch: 100, 250, 400 and 500, 250, 1600.
    assertMillis(250, figures.service().firstToken().percentile(50));
    assertMillis(1_600, figures.service().endToEnd().max());
    // (500 - 100) / 4 and (1900 - 700) / 6; one token has none.
    assertEquals(2, figures.timePerOutputToken().count());
    assertMillis(100, figures.timePerOutputToken().min());
    assertMillis(200, figures.timePerOutputToken().max());
    // From the first intended send to the last content, the failed answer's included.
    assertEquals(2.0, figures.windowSeconds(), 1e-9);
    assertEquals(13, figures.outputTokens());
    assertEquals(6.5, figures.tokensPerSecond(), 1e-9);
    assertEquals(1.5, figures.requestsPerSecond(), 1e-9);
    assertEquals(Map.of("truncated no [DONE]", 1L), figures.failures());
    assertMillis(100, figures.sendLag().max());
    // The schedule took 300 ms, and so did the dispatches.
    assertEquals(OptionalDouble.of(1), figures.achievedShare());
    assertEquals(1.3, figures.tokensPerChunk(), 1e-9);
    assertFalse(figures.hasTokenLatency(), "1.3 tokens a piece tell nothing about tokens");
  }

  @Test
  void countsPiecesWhereTheServerTellsNoTokens() {
    Measurements figures =
        Measurements.of(List.of(record(0, 0, 0, 100, 500, 5, -1, Optional.empty())), false);
    assertEquals(5, figures.outputTokens());
    assertEquals(0, figures.usageTold());
    assertFalse(figures.hasTokenLatency());
    assertTrue(figures.achievedShare().isEmpty());
  }

  @Test
  void aPercentileOfTooFewSamplesIsNotTold() {
    Histogram histogram = Distribution.histogram();
    for (int i = 1; i <= 661; i++) {
      Distribution.record(histogram, i * MS);
    }
    assertTrue(new Distribution(histogram).percentile(99).isEmpty());
    assertMillis(331, new Distribution(histogram).percentile(50));
    Distribution.record(histogram, 662 * MS);
    assertMillis(656, new Distribution(histogram).percentile(99));
    assertTrue(new Distribution(histogram).percentile(99.9).isEmpty());
  }

  @Test
  void aLateOrBusyGeneratorMakesTheRunInvalid() {
    OwnCost.Cost idle = new OwnCost.Cost(0.1, 2, 0.2, 0, 0);
    List<RequestRecord> punctual = new ArrayList<>();
    List<RequestRecord> late = new ArrayList<>();
    List<RequestRecord> slow = new ArrayList<>();
    for (int i = 0; i < 700; i++) {
      punctual.add(
          record(i, i * 10L, i * 10L, i * 10L + 100, i * 10L + 200, 2, 2, Optional.empty()));
      late.add(
          record(i, i * 10L, i * 10L + 6, i * 10L + 106, i * 10L + 200, 2, 2, Optional.empty()));
      slow.add(record(i, i * 10L, i * 11L, i * 11L + 9000, i * 11L + 9900, 2, 2, Optional.empty()));
    }
    assertEquals(List.of(), Validity.of(Measurements.of(punctual, true), idle).faults());
    List<String> lag = Validity.of(Measurements.of(late, true), idle).faults();
    assertEquals(1, lag.size(), lag::toString);
    assertTrue(
        lag.getFirst().matches("requests left 6\\.00. ms late \\(p99; allowed: 5.*"),
        lag::toString);
    List<String> faults = Validity.of(Measurements.of(slow, true), idle).faults();
    assertTrue(faults.contains("only 90.9 % of the asked rate was achieved"), faults::toString);
    List<String> busy =
        Validity.of(Measurements.of(punctual, true), new OwnCost.Cost(0.81, 2, 0.95, 0, 0))
            .faults();
    assertEquals(2, busy.size(), busy::toString);
    assertFalse(Validity.of(Measurements.of(List.of(), true), idle).isValid());
  }
}
