package org.cocoon.contracts.chain;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;

/**
 * Several endpoints of one network, behind one rate limit. A call goes to the one that answered
 * last; when it fails, to the next, after a pause that doubles with every round and varies at
 * random. Any thread.
 */
final class Endpoints {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  private final List<URI> endpoints;
  private final int attempts;
  private final JsonRpc rpc;
  private final TokenBucket bucket;
  private final Timer timer;
  private final RandomGenerator random;
  private final AtomicInteger preferred = new AtomicInteger();

  /**
   * Reads an answer.
   *
   * @param <T> what it is
   */
  @FunctionalInterface
  interface Reader<T> {
    /**
     * Reads it.
     *
     * @throws IllegalArgumentException if it is malformed: then the next endpoint is asked
     * @throws StaleException if it is older than what is known: likewise
     * @throws ChainException if it is a lie: then nobody is asked any more
     */
    T read(JsonNode result) throws ChainException, StaleException;
  }

  /** An endpoint is behind what another one, or it itself, said before. */
  static final class StaleException extends Exception {
    @java.io.Serial private static final long serialVersionUID = 1;

    StaleException(String message) {
      super(message);
    }
  }

  Endpoints(ToncenterChain.Options options, JsonRpc rpc, Timer timer, RandomGenerator random) {
    this.endpoints = options.endpoints();
    this.attempts = options.attempts();
    this.rpc = rpc;
    this.bucket = new TokenBucket(timer, options.requestsPerSecond());
    this.timer = timer;
    this.random = random;
  }

  int count() {
    return endpoints.size();
  }

  /** Asks until somebody answers well. */
  <T> T call(String method, ObjectNode params, Reader<T> reader) throws ChainException {
    int first = preferred.get();
    ChainException.Kind kind = ChainException.Kind.UNREACHABLE;
    String last = "nobody was asked";
    for (int attempt = 0; attempt < attempts; attempt++) {
      int index = Math.floorMod(first + attempt, endpoints.size());
      URI endpoint = endpoints.get(index);
      Duration pause = pauseAfter(attempt);
      bucket.take();
      switch (ask(endpoint, method, params)) {
        case JsonRpc.Answer.Refused(String why) ->
            throw new ChainException(
                ChainException.Kind.REJECTED, "%s refuses %s: %s".formatted(endpoint, method, why));
        case JsonRpc.Answer.Unavailable(String why, Duration retryAfter) -> {
          last = "%s: %s".formatted(endpoint, why);
          pause = pause.compareTo(retryAfter) < 0 ? retryAfter : pause;
          kind = ChainException.Kind.UNREACHABLE;
        }
        case JsonRpc.Answer.Result(JsonNode value) -> {
          try {
            T result = reader.read(value);
            preferred.set(index);
            return result;
          } catch (IllegalArgumentException | StaleException e) {
            last = "%s: %s".formatted(endpoint, e.getMessage());
            kind = ChainException.Kind.INCONSISTENT;
          }
        }
      }
      if (attempt + 1 < attempts && pause.isPositive()) {
        timer.pause(pause);
      }
    }
    throw new ChainException(
        kind, "%s failed after %d attempts; last, %s".formatted(method, attempts, last));
  }

  /** Asks another endpoint than the preferred one, once; empty if it does not answer well. */
  <T> Optional<T> second(String method, ObjectNode params, Reader<T> reader) throws ChainException {
    if (endpoints.size() < 2) {
      return Optional.empty();
    }
    URI other = endpoints.get(Math.floorMod(preferred.get() + 1, endpoints.size()));
    bucket.take();
    if (ask(other, method, params) instanceof JsonRpc.Answer.Result(JsonNode value)) {
      try {
        return Optional.of(reader.read(value));
      } catch (IllegalArgumentException | StaleException e) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  private JsonRpc.Answer ask(URI endpoint, String method, ObjectNode params) throws ChainException {
    try {
      return rpc.call(endpoint, method, params);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ChainException(
          ChainException.Kind.UNREACHABLE, "interrupted while asking " + endpoint, e);
    }
  }

  /** Between half and all of 200 ms, 400 ms, ... 10 s; the other endpoints are tried at once. */
  private Duration pauseAfter(int attempt) {
    if ((attempt + 1) % endpoints.size() != 0) {
      return Duration.ZERO;
    }
    int round = Math.min(attempt / endpoints.size(), 16);
    long most = Math.min(FIRST_PAUSE.toNanos() << round, LONGEST_PAUSE.toNanos());
    return Duration.ofNanos(most / 2 + random.nextLong(most / 2));
  }
}
