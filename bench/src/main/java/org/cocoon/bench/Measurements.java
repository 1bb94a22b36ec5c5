package org.cocoon.bench;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.HdrHistogram.Histogram;

/**
 * A run's figures, by the definitions in {@link #DEFINITIONS}.
 *
 * @param response from the intended send time: the headline
 * @param service from the dispatch
 * @param timePerOutputToken mean gap between an answer's tokens, one sample for each answer
 * @param sendLag from the intended send time to the dispatch
 * @param failures how many of each kind and detail, as {@link Failure#phrase()}
 * @param finishReasons how many of each
 * @param windowSeconds from the first intended send to the last content; 0 without content
 * @param outputTokens of answers that ended well
 * @param promptTokens of answers that ended well, where the server told them
 * @param usageTold answers that ended well whose tokens the server told
 * @param contentChunks pieces of text of answers that ended well
 * @param contentReads socket reads that brought them
 * @param costNanoton charged in all; 0 where the server tells no costs
 * @param achievedShare of the schedule's rate at which requests were dispatched; empty for a closed
 *     loop
 */
record Measurements(
    long succeeded,
    long failed,
    long empty,
    Latency response,
    Latency service,
    Distribution timePerOutputToken,
    Distribution sendLag,
    Map<String, Long> failures,
    Map<String, Long> finishReasons,
    double windowSeconds,
    long outputTokens,
    long promptTokens,
    long usageTold,
    long contentChunks,
    long contentReads,
    long costNanoton,
    OptionalDouble achievedShare) {

  /** What every report says about its own words. */
  static final List<String> DEFINITIONS =
      List.of(
          "Clock: one monotonic nanosecond clock; stamps at the socket read, before TLS and parsing.",
          "Response time counts from the intended send time, service time from the dispatch.",
          "TTFT: to the first non-empty content. E2E: to the last content.",
          "TPOT: (E2E - TTFT) / (output tokens - 1) of each answer; undefined for one token.",
          "ICL: gaps between pieces of content. ITL: the same, of answers with one token a piece"
              + " (their end token aside), and only where tokens per piece are at most 1.2.",
          "Output tokens: the server's usage; pieces of content where it tells none.",
          "Throughput: answers that ended well and their tokens, over the window from the first"
              + " intended send to the last content.",
          "Latencies are those of answers that ended well; a p99 needs 662 samples, a p99.9 6,620.");

  /** Above this many tokens in a piece of content, gaps say nothing about tokens. */
  static final double MAX_TOKENS_PER_CHUNK = 1.2;

  /** Times to the first content and to the last. */
  record Latency(Distribution firstToken, Distribution endToEnd) {}

  /** Computes the figures. */
  static Measurements of(List<RequestRecord> records, boolean openLoop) {
    List<RequestRecord> good = records.stream().filter(RequestRecord::succeeded).toList();
    List<RequestRecord> timed = good.stream().filter(RequestRecord::hasContent).toList();
    Map<String, Long> failures = new TreeMap<>();
    Map<String, Long> reasons = new TreeMap<>();
    for (RequestRecord one : records) {
      one.failure().ifPresent(why -> failures.merge(why.phrase(), 1L, Long::sum));
      if (one.succeeded()) {
        reasons.merge(one.finishReason().isEmpty() ? "none" : one.finishReason(), 1L, Long::sum);
      }
    }
    List<RequestRecord> sent =
        records.stream().filter(one -> one.dispatched() != RequestRecord.NEVER).toList();
    return new Measurements(
        good.size(),
        records.size() - good.size(),
        good.size() - timed.size(),
        latency(timed, RequestRecord::intended),
        latency(timed, RequestRecord::dispatched),
        distribution(
            timed.stream().filter(one -> one.tokens() > 1).toList(), Measurements::perToken),
        distribution(sent, one -> one.dispatched() - one.intended()),
        failures,
        reasons,
        window(records),
        sum(good, RequestRecord::tokens),
        sum(good, one -> Math.max(0, one.promptTokens())),
        good.stream().filter(one -> one.outputTokens() != RequestRecord.UNKNOWN).count(),
        sum(good, RequestRecord::contentChunks),
        sum(good, RequestRecord::contentReads),
        sum(good, one -> Math.max(0, one.costNanoton())),
        openLoop ? achievedShare(sent) : OptionalDouble.empty());
  }

  private static long perToken(RequestRecord one) {
    return (one.lastContent() - one.firstContent()) / (one.tokens() - 1);
  }

  private static Latency latency(
      List<RequestRecord> records, ToLongFunction<RequestRecord> beginning) {
    return new Latency(
        distribution(records, one -> one.firstContent() - beginning.applyAsLong(one)),
        distribution(records, one -> one.lastContent() - beginning.applyAsLong(one)));
  }

  private static Distribution distribution(
      List<RequestRecord> records, ToLongFunction<RequestRecord> nanos) {
    Histogram histogram = Distribution.histogram();
    for (RequestRecord one : records) {
      Distribution.record(histogram, nanos.applyAsLong(one));
    }
    return new Distribution(histogram);
  }

  private static long sum(List<RequestRecord> records, ToLongFunction<RequestRecord> part) {
    return records.stream().mapToLong(part).sum();
  }

  private static double window(List<RequestRecord> records) {
    long first = records.stream().mapToLong(RequestRecord::intended).min().orElse(0);
    long last =
        records.stream()
            .filter(RequestRecord::hasContent)
            .mapToLong(RequestRecord::lastContent)
            .max()
            .orElse(first);
    return (last - first) / 1e9;
  }

  /** How fast requests left, against how fast the schedule, as it was drawn, wanted them to. */
  private static OptionalDouble achievedShare(List<RequestRecord> sent) {
    if (sent.size() < 2) {
      return OptionalDouble.empty();
    }
    double wanted = span(sent, RequestRecord::intended);
    double taken = span(sent, RequestRecord::dispatched);
    return OptionalDouble.of(taken <= wanted ? 1 : wanted / taken);
  }

  private static double span(List<RequestRecord> sent, ToLongFunction<RequestRecord> stamp) {
    long least = sent.stream().mapToLong(stamp).min().orElse(0);
    long most = sent.stream().mapToLong(stamp).max().orElse(0);
    return most - least;
  }

  /** Output tokens per second in the window; 0 without a window. */
  double tokensPerSecond() {
    return windowSeconds > 0 ? outputTokens / windowSeconds : 0;
  }

  /** Answers that ended well per second in the window; 0 without a window. */
  double requestsPerSecond() {
    return windowSeconds > 0 ? succeeded / windowSeconds : 0;
  }

  /** Tokens in a piece of content, on average; 0 without content. */
  double tokensPerChunk() {
    return contentChunks > 0 ? (double) outputTokens / contentChunks : 0;
  }

  /** Whether gaps between pieces can be read as gaps between tokens. */
  boolean hasTokenLatency() {
    return usageTold == succeeded && contentChunks > 0 && tokensPerChunk() <= MAX_TOKENS_PER_CHUNK;
  }
}
