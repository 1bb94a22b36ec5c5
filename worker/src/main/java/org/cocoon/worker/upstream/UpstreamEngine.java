package org.cocoon.worker.upstream;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.cocoon.worker.engine.EmbeddingRequest;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.EngineLoad;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.RateMeter;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.ServedModel;
import org.cocoon.worker.engine.StepListener;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An engine that lets an OpenAI-compatible server compute: vLLM, SGLang, trtllm-serve,
 * llama-server, Ollama.
 *
 * <p>Each generation is one streamed HTTP request; cancelling closes its connection. A generation
 * without credit is not read, so that the server stops at its own buffers. What the server says is
 * believed only within bounds ({@link AnswerMeter}), and a server that breaks its API is one that
 * failed: the router goes on elsewhere.
 *
 * <p>No token ids are told, since few servers tell them and none takes them together with a
 * conversation. An answer that was begun here goes on from its text, where a server can.
 *
 * <p>All state belongs to one Vert.x context, on which the listener is called: once for all that
 * came within a turn of its loop.
 */
public final class UpstreamEngine implements Engine {
  private static final Logger log = LoggerFactory.getLogger(UpstreamEngine.class);
  private static final long TICK_MILLIS = 100;
  private static final long LOOK_MILLIS = 1_000;
  private static final int CONNECT_MILLIS = 2_000;
  private static final int MOST_CALLS = 16_384;
  private static final String AWAY = "the engine is not there at the moment";

  private final Vertx vertx;
  private final Context context;
  private final UpstreamOptions options;
  private final UpstreamServer server;
  private final ServedModel model;
  private final StepListener listener;
  private final HttpClient client;
  private final RequestOptions chat;
  private final RequestOptions text;
  private final Map<RunKey, UpstreamRun> runs = new LinkedHashMap<>();
  private final RateMeter decoded = new RateMeter();
  private final RateMeter prefilled = new RateMeter();
  private final CompletableFuture<Throwable> broken = new CompletableFuture<>();
  private final AtomicInteger calls = new AtomicInteger();
  private final Turn turn = new Turn();
  private final UpstreamRun.Owner owner = new Desk();

  private long timer = -1;
  private int atServer;
  private long lastLookNanos;
  private long lastSeenNanos = System.nanoTime();
  private boolean looking;
  private boolean away;
  private volatile boolean closing;
  private volatile UpstreamMetrics others = UpstreamMetrics.NONE;
  private volatile EngineLoad load = new EngineLoad(0, 0, 0, 0, 0);

  private UpstreamEngine(
      Vertx vertx, UpstreamOptions options, UpstreamServer server, StepListener listener) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.options = options;
    this.server = server;
    this.listener = listener;
    this.model = server.served(options);
    this.client = client(vertx, options, server.slots() + 2);
    this.chat = new RequestOptions().setURI(options.path("/v1/chat/completions"));
    this.text = new RequestOptions().setURI(options.path("/v1/completions"));
  }

  private static HttpClient client(Vertx vertx, UpstreamOptions options, int connections) {
    return vertx.createHttpClient(
        new HttpClientOptions()
            .setDefaultHost(options.host())
            .setDefaultPort(options.port())
            .setSsl(options.isTls())
            .setProtocolVersion(HttpVersion.HTTP_1_1)
            .setConnectTimeout(CONNECT_MILLIS)
            .setMaxHeaderSize(16 << 10)
            // A request on a connection that the server is just closing would look like one that
            // failed, and could not be told from it. To this machine a connection costs nothing.
            .setKeepAlive(false),
        new PoolOptions().setHttp1MaxSize(connections));
  }

  /**
   * Finds a server.
   *
   * @return fails with a sentence, if none answers or it does not say what has to be known
   */
  public static Future<UpstreamServer> find(Vertx vertx, UpstreamOptions options) {
    HttpClient asking = client(vertx, options, 2);
    return new UpstreamProbe(asking, options).look().eventually(asking::close);
  }

  /**
   * Makes an engine of a server.
   *
   * @param server as {@link #find} found it
   * @param listener hears every turn, on the engine's context
   */
  public static UpstreamEngine open(
      Vertx vertx, UpstreamOptions options, UpstreamServer server, StepListener listener) {
    UpstreamEngine engine = new UpstreamEngine(vertx, options, server, listener);
    engine.timer =
        vertx.setPeriodic(
            TICK_MILLIS, ignored -> engine.context.runOnContext(now -> engine.tick()));
    return engine;
  }

  @Override
  public ServedModel model() {
    return model;
  }

  /**
   * {@inheritDoc}
   *
   * @throws RejectedExecutionException if {@value #MOST_CALLS} calls wait already: whoever sends
   *     that much is to be cut off
   */
  @Override
  public void generate(GenerationRequest request) {
    onContext(() -> arrive(request));
  }

  @Override
  public void embed(EmbeddingRequest request) {
    onContext(
        () ->
            turn.ended(
                new Ended.Refused(
                    request.key(),
                    RefusalCause.UNSUPPORTED,
                    "the server beside this worker is not asked for embeddings",
                    "input")));
  }

  @Override
  public void cancel(RunKey key) {
    onContext(
        () -> {
          UpstreamRun run = runs.get(key);
          if (run != null) {
            run.cancel();
          }
        });
  }

  @Override
  public void grant(RunKey key, int tokens) {
    onContext(
        () -> {
          UpstreamRun run = runs.get(key);
          if (run != null) {
            run.grant(tokens);
          }
        });
  }

  private void onContext(Runnable call) {
    if (closing) {
      return;
    }
    if (calls.incrementAndGet() > MOST_CALLS) {
      calls.decrementAndGet();
      throw new RejectedExecutionException("the engine has too many calls to look at");
    }
    context.runOnContext(
        ignored -> {
          calls.decrementAndGet();
          call.run();
        });
  }

  @Override
  public CompletionStage<Throwable> broken() {
    return broken.minimalCompletionStage();
  }

  @Override
  public EngineLoad load() {
    EngineLoad now = load;
    UpstreamMetrics all = others;
    long time = System.nanoTime();
    // The server's own figures are up to a second old, and hold ours.
    return new EngineLoad(
        Math.max(now.running(), all.running()),
        now.queued() + all.waiting(),
        now.queuedPromptTokens(),
        decoded.perSecond(time),
        prefilled.perSecond(time));
  }

  // ------------------------------------------------------------------ runs

  private void arrive(GenerationRequest request) {
    RunKey key = request.key();
    if (runs.containsKey(key)) {
      log.warn("event=run_repeated request={}", request.requestId());
      return;
    }
    if (closing) {
      return;
    }
    if (away) {
      turn.ended(new Ended.Refused(key, RefusalCause.ENGINE, AWAY, ""));
      return;
    }
    switch (UpstreamCall.of(request, server)) {
      case UpstreamCall.Refused(RefusalCause cause, String message, String param) ->
          turn.ended(new Ended.Refused(key, cause, message, param));
      case UpstreamCall.Complete() ->
          turn.ended(new Ended.Finished(key, FinishReason.LENGTH, null, 0, 0, 0, 0, 0, 0));
      case UpstreamCall.Ready ready -> {
        if (runs.size() >= server.slots() + UpstreamOptions.MOST_QUEUED) {
          String full =
              "the engine's queue of " + UpstreamOptions.MOST_QUEUED + " requests is full";
          turn.ended(new Ended.Refused(key, RefusalCause.BUSY, full, ""));
          return;
        }
        runs.put(
            key,
            new UpstreamRun(request, ready, server, options.limits(), owner, System.nanoTime()));
        startWaiting();
      }
    }
  }

  private void startWaiting() {
    long now = System.nanoTime();
    for (UpstreamRun run : runs.values()) {
      if (atServer >= server.slots()) {
        break;
      }
      if (run.isWaiting()) {
        atServer++;
        boolean isChat = run.call.path().equals("/v1/chat/completions");
        run.start(client, isChat ? chat : text, options.key(), now);
      }
    }
    measure();
  }

  private void measure() {
    load = new EngineLoad(atServer, runs.size() - atServer, 0, 0, 0);
  }

  /** What runs tell, on the engine's context. */
  private final class Desk implements UpstreamRun.Owner {
    @Override
    public void delta(Delta delta) {
      decoded.add(delta.ids().length, System.nanoTime());
      turn.delta(delta);
    }

    @Override
    public void ended(UpstreamRun run, Ended how) {
      if (runs.remove(run.key()) != null && run.wasStarted()) {
        atServer--;
      }
      turn.ended(how);
      context.runOnContext(ignored -> startWaiting());
    }

    @Override
    public void computed(int promptTokens) {
      prefilled.add(promptTokens, System.nanoTime());
    }

    @Override
    public void fault(UpstreamRun run, String what) {
      log.warn(
          "event=upstream_fault request={} server={} what=\"{}\"",
          run.request.requestId(),
          options.base(),
          what);
    }
  }

  /** Gathers what comes within a turn of the loop, and tells it as one step. */
  private final class Turn {
    private Map<RunKey, Delta> deltas = new LinkedHashMap<>();
    private List<Ended> ended = new ArrayList<>();
    private boolean due;

    void delta(Delta delta) {
      deltas.merge(delta.key(), delta, UpstreamEngine::joined);
      tellSoon();
    }

    void ended(Ended how) {
      ended.add(how);
      tellSoon();
    }

    private void tellSoon() {
      if (!due) {
        due = true;
        context.runOnContext(ignored -> tell());
      }
    }

    private void tell() {
      due = false;
      StepOutcome outcome = new StepOutcome(List.copyOf(deltas.values()), ended);
      deltas = new LinkedHashMap<>();
      ended = new ArrayList<>();
      if (!outcome.deltas().isEmpty() || !outcome.ended().isEmpty()) {
        listener.stepped(outcome);
      }
    }
  }

  private static Delta joined(Delta first, Delta second) {
    int[] ids = Arrays.copyOf(first.ids(), first.ids().length + second.ids().length);
    System.arraycopy(second.ids(), 0, ids, first.ids().length, second.ids().length);
    byte[] text = Arrays.copyOf(first.text(), first.text().length + second.text().length);
    System.arraycopy(second.text(), 0, text, first.text().length, second.text().length);
    List<StepOutcome.TokenLogprob> logprobs = new ArrayList<>(first.logprobs());
    logprobs.addAll(second.logprobs());
    return new Delta(first.key(), ids, text, logprobs);
  }

  // ------------------------------------------------------------------ time

  private void tick() {
    if (closing) {
      return; // this one was on its way already
    }
    long now = System.nanoTime();
    List.copyOf(runs.values()).forEach(run -> run.tick(now));
    if (!looking && now - lastLookNanos > TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS)) {
      look(now);
    }
  }

  /** Asks whether the server is there, and how busy. */
  private void look(long now) {
    looking = true;
    lastLookNanos = now;
    boolean counts =
        switch (server.kind()) {
          case VLLM, SGLANG, LLAMA_SERVER -> true;
          case TRTLLM, OLLAMA, OTHER -> false;
        };
    UpstreamProbe.get(client, options, counts ? "/metrics" : "/v1/models")
        .onSuccess(
            body -> others = counts ? UpstreamMetrics.parse(body.toString()) : UpstreamMetrics.NONE)
        .recover(fault -> UpstreamProbe.get(client, options, "/v1/models")) // metrics may be off
        .onComplete(
            seen -> {
              looking = false;
              if (seen.succeeded()) {
                seen();
              } else {
                missed(String.valueOf(seen.cause().getMessage()));
              }
            });
  }

  private void seen() {
    lastSeenNanos = System.nanoTime();
    if (away) {
      away = false;
      log.info("event=upstream_back server={}", options.base());
    }
  }

  private void missed(String why) {
    if (closing) {
      return;
    }
    if (!away) {
      away = true;
      others = UpstreamMetrics.NONE;
      log.warn("event=upstream_away server={} reason=\"{}\"", options.base(), why);
    }
    if (System.nanoTime() - lastSeenNanos > options.limits().away().toNanos()) {
      long seconds = options.limits().away().toSeconds();
      String sentence =
          "the server at %s did not answer for %d s".formatted(options.base(), seconds);
      List.copyOf(runs.values()).forEach(run -> run.refuse(RefusalCause.ENGINE, AWAY));
      broken.complete(new IOException(sentence));
    }
  }

  /** Refuses every generation as {@link RefusalCause#DRAINING}; not to be called on its context. */
  @Override
  public void close() {
    closing = true;
    CountDownLatch told = new CountDownLatch(1);
    context.runOnContext(
        ignored -> {
          vertx.cancelTimer(timer);
          List.copyOf(runs.values())
              .forEach(
                  run ->
                      run.refuse(
                          RefusalCause.DRAINING,
                          "the engine is closing; another worker can go on"));
          client.close();
          context.runOnContext(later -> told.countDown());
        });
    try {
      told.await(2, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
