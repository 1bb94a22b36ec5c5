package org.cocoon.router.path;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.cocoon.router.ledger.Ledger.Usage;

/** Figures of the request path; never holds anything that a client wrote. */
public final class RouterMetrics {
  private final MeterRegistry registry;
  private final Counter opened;
  private final Counter retried;
  private final Counter tokens;
  private final Counter promptTokens;
  private final Counter nanoTon;
  private final Timer firstToken;
  private final Map<String, Counter> ended = new HashMap<>();
  private long tokensTotal;

  /** Registers the figures. */
  public RouterMetrics(MeterRegistry registry) {
    this.registry = registry;
    opened = registry.counter("request_opened");
    retried = registry.counter("dispatch_retries");
    tokens = registry.counter("relay_tokens");
    promptTokens = registry.counter("ledger_prompt_tokens");
    nanoTon = registry.counter("ledger_charged_nanoton");
    firstToken =
        Timer.builder("request_first_token")
            .description("from arrival to the first token")
            .serviceLevelObjectives(
                Duration.ofMillis(10),
                Duration.ofMillis(50),
                Duration.ofMillis(200),
                Duration.ofSeconds(1),
                Duration.ofSeconds(5),
                Duration.ofSeconds(30))
            .register(registry);
  }

  void opened() {
    opened.increment();
  }

  void retried() {
    retried.increment();
  }

  void tokens(int count) {
    tokens.increment(count);
    tokensTotal += count;
  }

  void firstToken(long nanos) {
    firstToken.record(nanos, TimeUnit.NANOSECONDS);
  }

  void charged(Usage usage) {
    promptTokens.increment((double) usage.tokens().prompt());
    nanoTon.increment((double) usage.cost().nanos());
  }

  void ended(String how) {
    ended.computeIfAbsent(how, name -> registry.counter("request_ended", "how", name)).increment();
  }

  /** Tokens relayed since the start. */
  public long tokensTotal() {
    return tokensTotal;
  }
}
