package org.cocoon.worker;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.cocoon.backend.BackendException;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.Sampling;
import org.cocoon.worker.engine.StepListener;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Ended;

/**
 * Measures how fast an engine is with 1, 2, 4, ... requests at a time, and says what follows for
 * slots and price. Every prompt is another one, so that nothing is kept from the one before.
 */
final class Calibration implements StepListener {
  private static final int TOKENS = 32;
  private static final long PATIENCE_SECONDS = 300;

  /** More slots that give less than this are not worth the longer wait of each request. */
  private static final double WORTHWHILE = 1.05;

  private static final BigDecimal MILLION = BigDecimal.valueOf(1_000_000);

  private final LongSupplier nanoClock;
  private final BlockingQueue<Ended> ended = new LinkedBlockingQueue<>();
  private long runs;

  Calibration(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  /**
   * What was measured.
   *
   * @param streams requests at a time
   * @param tokensPerSecond of all answers together
   */
  record Rate(int streams, double tokensPerSecond) {}

  @Override
  public void stepped(StepOutcome outcome) {
    ended.addAll(outcome.ended());
  }

  /**
   * Measures; blocks, for as long as it takes.
   *
   * @param engine whose listener this is
   * @return a rate for each number of requests, rising, up to the engine's slots
   * @throws BackendException a sentence, if the engine does not answer
   */
  List<Rate> measure(Engine engine) throws InterruptedException {
    List<Rate> rates = new ArrayList<>();
    int slots = engine.model().slots();
    measure(engine, 1); // the first answer also warms up
    for (int streams = 1; streams < slots; streams *= 2) {
      rates.add(measure(engine, streams));
    }
    rates.add(measure(engine, slots));
    return rates;
  }

  private Rate measure(Engine engine, int streams) throws InterruptedException {
    long start = nanoClock.getAsLong();
    for (int i = 0; i < streams; i++) {
      engine.generate(request(++runs));
    }
    long tokens = 0;
    for (int i = 0; i < streams; i++) {
      tokens +=
          switch (ended.poll(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            case null -> throw new BackendException("the engine did not answer in time");
            case Ended.Refused why ->
                throw new BackendException("the engine refused to be measured: " + why.message());
            case Ended.Finished done -> done.completionTokens();
          };
    }
    long nanos = Math.max(nanoClock.getAsLong() - start, 1);
    return new Rate(streams, tokens * 1e9 / nanos);
  }

  private static GenerationRequest request(long run) {
    return new GenerationRequest(
        new RunKey(0, run),
        "calibration-" + run,
        "calibration-" + run,
        new Prompt.Text("Item " + run + " of a long list, told with all that belongs to it:"),
        Sampling.GREEDY,
        TOKENS,
        List.of(),
        true,
        false,
        0,
        TOKENS,
        0,
        Continuation.NONE);
  }

  /** The least number of slots from which on more bring little. */
  static int slots(List<Rate> rates) {
    Rate best = rates.getFirst();
    for (Rate rate : rates) {
      if (rate.tokensPerSecond() > best.tokensPerSecond() * WORTHWHILE) {
        best = rate;
      }
    }
    return best.streams();
  }

  /**
   * The coefficient at which a worker that is always busy earns so much.
   *
   * @param tonPerHour wanted
   * @param tonPerMillion what a router pays for a million tokens of answers at coefficient 1000
   * @return 1 to 1,000,000; rounded up
   */
  static int coefficient(List<Rate> rates, BigDecimal tonPerHour, BigDecimal tonPerMillion) {
    double best = rates.stream().mapToDouble(Rate::tokensPerSecond).max().orElse(0);
    BigDecimal perHour =
        tonPerMillion
            .multiply(BigDecimal.valueOf(best * 3600))
            .divide(MILLION, 18, RoundingMode.DOWN);
    if (perHour.signum() <= 0) {
      return 1_000_000;
    }
    BigDecimal exact =
        tonPerHour.multiply(BigDecimal.valueOf(1000)).divide(perHour, 0, RoundingMode.CEILING);
    return exact.min(MILLION).max(BigDecimal.ONE).intValue();
  }

  /** What was found, in sentences. */
  static String report(List<Rate> rates, BigDecimal tonPerHour, BigDecimal tonPerMillion) {
    StringBuilder text = new StringBuilder();
    for (Rate rate : rates) {
      text.append(
          "  %4d at a time: %,9.1f tokens/s, %,8.1f each%n"
              .formatted(
                  rate.streams(), rate.tokensPerSecond(), rate.tokensPerSecond() / rate.streams()));
    }
    text.append("--slots %d: more bring less than a twentieth%n".formatted(slots(rates)));
    if (tonPerHour.signum() > 0 && tonPerMillion.signum() > 0) {
      text.append(
          "--coefficient %d: %s TON an hour when always busy, at %s TON for a million tokens%n"
              .formatted(
                  coefficient(rates, tonPerHour, tonPerMillion),
                  tonPerHour.toPlainString(),
                  tonPerMillion.toPlainString()));
    }
    return text.toString().stripTrailing();
  }
}
