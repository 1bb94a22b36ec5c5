package org.cocoon.bench;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.HdrHistogram.Histogram;
import org.cocoon.bench.Failure.Kind;
import org.jspecify.annotations.Nullable;

/**
 * One event loop's share of a run: its own HTTP client and connections, its own figures. Nothing is
 * shared between lanes but the counters that people watch.
 */
final class Lane extends VerticleBase {
  private static final int SCRATCH_BYTES = 64 * 1024;
  private static final int MAX_ERROR_BYTES = 64 * 1024;
  private static final long TIMEOUT_SWEEP_MILLIS = 10;
  private static final int MAX_CONNECT_MILLIS = 10_000;

  private final Run run;
  private final int poolSize;
  private final LongSupplier nanoClock;
  private final Counters counters;
  private final Consumer<Lane> onFinished;
  private final ChunkReader reader = new ChunkReader();
  private final byte[] scratch = new byte[SCRATCH_BYTES];
  private final LinkedHashSet<Flight> flights = new LinkedHashSet<>();
  private final List<RequestRecord> records = new ArrayList<>();
  private final Histogram chunkGaps = Distribution.histogram();
  private final Histogram tokenGaps = Distribution.histogram();
  private @Nullable HttpClient client;
  private @Nullable RequestOptions options;
  private @Nullable Context loop;
  private long threadId;
  private long originNanos;

  /**
   * What a lane has measured.
   *
   * @param abandoned requests that were under way when the run was stopped
   */
  record Tally(
      List<RequestRecord> records, Histogram chunkGaps, Histogram tokenGaps, long abandoned) {}

  /** A request under way. */
  private static final class Flight {
    final Exchange exchange;
    final long deadlineNanos;
    @Nullable HttpClientRequest request;
    @Nullable ReadStamp stamp;
    boolean finished;

    Flight(Exchange exchange, long deadlineNanos) {
      this.exchange = exchange;
      this.deadlineNanos = deadlineNanos;
    }
  }

  /**
   * Makes a lane.
   *
   * @param poolSize connections that it may hold
   * @param onFinished called on the lane's loop after each request that ended
   */
  Lane(
      Run run, int poolSize, LongSupplier nanoClock, Counters counters, Consumer<Lane> onFinished) {
    this.run = run;
    this.poolSize = poolSize;
    this.nanoClock = nanoClock;
    this.counters = counters;
    this.onFinished = onFinished;
  }

  @Override
  public Future<?> start() {
    loop = context;
    threadId = Thread.currentThread().threadId();
    URI target = run.target();
    boolean tls = target.getScheme().equals("https");
    client =
        vertx
            .httpClientBuilder()
            .with(
                new HttpClientOptions()
                    .setSsl(tls)
                    .setKeepAlive(run.keepAlive())
                    .setTrustAll(run.insecure())
                    .setVerifyHost(!run.insecure())
                    .setConnectTimeout(
                        (int) Math.min(MAX_CONNECT_MILLIS, run.timeout().toMillis() + 1)))
            .with(new PoolOptions().setHttp1MaxSize(poolSize).setMaxWaitQueueSize(-1))
            .build();
    options = requestOptions(target, tls);
    vertx.setPeriodic(TIMEOUT_SWEEP_MILLIS, id -> failOverdue());
    return Future.succeededFuture();
  }

  private RequestOptions requestOptions(URI target, boolean tls) {
    int port = target.getPort() >= 0 ? target.getPort() : tls ? 443 : 80;
    RequestOptions request =
        new RequestOptions()
            .setMethod(HttpMethod.POST)
            .setHost(target.getHost())
            .setPort(port)
            .setURI(target.getRawPath() + "/chat/completions")
            .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
            .putHeader(HttpHeaders.ACCEPT, "text/event-stream")
            .putHeader(HttpHeaders.USER_AGENT, "cocoon-bench");
    run.key().ifPresent(key -> request.putHeader(HttpHeaders.AUTHORIZATION, "Bearer " + key));
    return request;
  }

  /** The loop's thread, for its CPU time. */
  long threadId() {
    return threadId;
  }

  /** Runs something on this lane's loop; any thread. */
  void execute(Runnable task) {
    Objects.requireNonNull(loop).runOnContext(nothing -> task.run());
  }

  /** Sets the moment that records count from. On the loop, before the first request. */
  void begin(long nanos) {
    originNanos = nanos;
  }

  /** Sends a request now. On the loop. */
  void dispatch(long index, long intended) {
    Exchange exchange = exchange(index, intended);
    long now = nanoClock.getAsLong();
    exchange.onDispatched(now);
    counters.countSent();
    Flight flight = new Flight(exchange, now + run.timeout().toNanos());
    flights.add(flight);
    byte[] body = run.body(index);
    Objects.requireNonNull(client)
        .request(Objects.requireNonNull(options))
        .onComplete(
            request -> onConnected(flight, request, body), problem -> onBroken(flight, problem));
  }

  /** Records a request that the generator could not even begin. On the loop. */
  void refuse(long index, long intended, Failure why) {
    Exchange exchange = exchange(index, intended);
    counters.countSent();
    exchange.onFailure(why, nanoClock.getAsLong());
    finish(new Flight(exchange, 0));
  }

  private Exchange exchange(long index, long intended) {
    return new Exchange(
        index,
        intended,
        run.expectation().isPresent() ? run.prompts().of(index) : List.of(),
        run.expectation(),
        reader,
        this::takeGaps);
  }

  private void takeGaps(long[] gaps, int count, boolean oneTokenEach) {
    for (int i = 0; i < count; i++) {
      Distribution.record(chunkGaps, gaps[i]);
      if (oneTokenEach) {
        Distribution.record(tokenGaps, gaps[i]);
      }
    }
  }

  private void onConnected(Flight flight, HttpClientRequest request, byte[] body) {
    request.exceptionHandler(problem -> onBroken(flight, problem));
    if (flight.finished) {
      request.reset();
      return;
    }
    flight.request = request;
    flight.stamp = ReadStamp.of(request.connection(), nanoClock);
    flight.exchange.onConnected(nanoClock.getAsLong());
    request
        .response()
        .onComplete(response -> onHead(flight, response), problem -> onBroken(flight, problem));
    request
        .end(Buffer.buffer(body))
        .onComplete(
            nothing -> flight.exchange.onWritten(nanoClock.getAsLong()),
            problem -> onBroken(flight, problem));
  }

  private void onHead(Flight flight, HttpClientResponse response) {
    if (flight.finished) {
      return;
    }
    flight.exchange.onHead(readNanos(flight));
    response.exceptionHandler(problem -> onBroken(flight, problem));
    if (response.statusCode() != 200) {
      collectError(flight, response);
      return;
    }
    String type = response.getHeader(HttpHeaders.CONTENT_TYPE);
    if (type == null || !type.startsWith("text/event-stream")) {
      abort(flight, new Failure(Kind.MALFORMED, "content-type " + type));
      return;
    }
    response.handler(bytes -> onBytes(flight, bytes));
    response.endHandler(
        nothing -> {
          flight.exchange.onEnd(readNanos(flight));
          finish(flight);
        });
  }

  private void collectError(Flight flight, HttpClientResponse response) {
    Buffer body = Buffer.buffer();
    response.handler(
        bytes -> {
          if (body.length() + bytes.length() <= MAX_ERROR_BYTES) {
            body.appendBuffer(bytes);
          }
        });
    response.endHandler(
        nothing -> {
          flight.exchange.onFailure(
              new Failure(Kind.HTTP, (response.statusCode() + " " + errorCode(body)).strip()),
              readNanos(flight));
          finish(flight);
        });
  }

  private String errorCode(Buffer body) {
    try {
      reader.read(body.getBytes(), body.length(), false);
      return reader.errorCode();
    } catch (IOException e) {
      return "";
    }
  }

  private void onBytes(Flight flight, Buffer bytes) {
    if (flight.finished) {
      return;
    }
    long nanos = readNanos(flight);
    long before = flight.exchange.chunks();
    for (int from = 0; from < bytes.length(); from += SCRATCH_BYTES) {
      int to = Math.min(bytes.length(), from + SCRATCH_BYTES);
      bytes.getBytes(from, to, scratch);
      flight.exchange.onBytes(scratch, to - from, nanos);
    }
    counters.countChunks(flight.exchange.chunks() - before);
    if (flight.exchange.hasEnded()) {
      reset(flight);
      finish(flight);
    }
  }

  private static long readNanos(Flight flight) {
    return Objects.requireNonNull(flight.stamp).nanos();
  }

  private void onBroken(Flight flight, Throwable problem) {
    if (!flight.finished) {
      flight.exchange.onFailure(
          Breakage.of(problem, flight.request != null, flight.exchange.hasText()),
          nanoClock.getAsLong());
      finish(flight);
    }
  }

  private void abort(Flight flight, Failure why) {
    flight.exchange.onFailure(why, nanoClock.getAsLong());
    reset(flight);
    finish(flight);
  }

  private static void reset(Flight flight) {
    if (flight.request != null) {
      flight.request.reset();
    }
  }

  private void finish(Flight flight) {
    if (flight.finished) {
      return;
    }
    flight.finished = true;
    flights.remove(flight);
    RequestRecord record = flight.exchange.record(originNanos);
    records.add(record);
    counters.countFinished(record.succeeded());
    onFinished.accept(this);
  }

  /** Deadlines are in the order of dispatch, so only the oldest need a look. */
  private void failOverdue() {
    long now = nanoClock.getAsLong();
    while (!flights.isEmpty() && flights.getFirst().deadlineNanos - now <= 0) {
      Flight overdue = flights.getFirst();
      abort(
          overdue,
          new Failure(
              Kind.TIMEOUT, overdue.exchange.hasText() ? "in mid-answer" : "before any text"));
    }
  }

  /** Gives up what is under way, without calling it an error, and hands over the figures. */
  Future<Tally> end() {
    Promise<Tally> tally = Promise.promise();
    execute(
        () -> {
          List<Flight> underWay = List.copyOf(flights);
          flights.clear();
          for (Flight flight : underWay) {
            flight.finished = true;
            reset(flight);
          }
          tally.complete(new Tally(records, chunkGaps, tokenGaps, underWay.size()));
        });
    return tally.future();
  }
}
