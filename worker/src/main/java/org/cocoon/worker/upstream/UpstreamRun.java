package org.cocoon.worker.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.util.List;
import java.util.Locale;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.jspecify.annotations.Nullable;

/**
 * One generation at the server.
 *
 * <pre>
 * WAITING   a slot is free                     ASKING
 * ASKING    200 and an event stream            ANSWERING  paused while credit is used up
 * ASKING    another status                     REFUSING   its body says whose fault it is
 * ANSWERING finish_reason                      CLOSING    only the usage may still come
 * CLOSING   [DONE], or the response's end      ENDED      once all of it was sent
 * REFUSING  body read                          ENDED
 * any       cancelled, late, fault, stalled    ENDED      the connection is closed at once
 * </pre>
 *
 * <p>Belongs to one Vert.x context.
 */
final class UpstreamRun {
  private static final int MOST_ERROR_BYTES = 64 << 10;
  private static final String DONE = "[DONE]";
  private static final String THINK = "<think>";
  private static final String THOUGHT = "</think>";

  private enum State {
    WAITING,
    ASKING,
    REFUSING,
    ANSWERING,
    CLOSING,
    ENDED
  }

  /** What a run needs of its engine, on the same context. */
  interface Owner {
    /** Text and tokens to be told. */
    void delta(Delta delta);

    /** It is over. */
    void ended(UpstreamRun run, Ended how);

    /** Tokens of a prompt that were computed. */
    void computed(int promptTokens);

    /** For the log: what the server did wrong. */
    void fault(UpstreamRun run, String what);
  }

  final GenerationRequest request;
  final UpstreamCall.Ready call;
  private final UpstreamOptions.Limits limits;
  private final UpstreamServer server;
  private final Owner owner;
  private final AnswerMeter meter;
  private final PendingText pending;
  private final EventStream events = new EventStream(this::event);
  private final long arrivedNanos;

  private State state = State.WAITING;
  private @Nullable HttpClientRequest http;
  private @Nullable HttpClientResponse response;
  private boolean paused;
  private boolean thinking;
  private boolean complete;
  private FinishReason finish = FinishReason.STOP;
  private @Nullable String stop;
  private AnswerChunk.@Nullable Usage usage;
  private long askedNanos;
  private long heardNanos;
  private long firstTokenNanos;
  private long lastTokenNanos;

  UpstreamRun(
      GenerationRequest request,
      UpstreamCall.Ready call,
      UpstreamServer server,
      UpstreamOptions.Limits limits,
      Owner owner,
      long nowNanos) {
    this.request = request;
    this.call = call;
    this.server = server;
    this.limits = limits;
    this.owner = owner;
    this.meter = new AnswerMeter(call.mostTokens());
    this.pending = new PendingText(request.key(), call.skip(), request.credit());
    this.arrivedNanos = nowNanos;
  }

  RunKey key() {
    return request.key();
  }

  boolean isWaiting() {
    return state == State.WAITING;
  }

  /** Whether it was ever given to the server. */
  boolean wasStarted() {
    return askedNanos != 0;
  }

  // ------------------------------------------------------------------ asking

  void start(HttpClient client, RequestOptions where, String key, long nowNanos) {
    state = State.ASKING;
    askedNanos = nowNanos;
    heardNanos = nowNanos;
    RequestOptions options = new RequestOptions(where).setMethod(HttpMethod.POST);
    client
        .request(options)
        .onSuccess(
            opened -> {
              if (state != State.ASKING) {
                opened.reset(); // cancelled while it connected
                return;
              }
              http = opened;
              opened
                  .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                  .putHeader(HttpHeaders.ACCEPT, "text/event-stream");
              if (!key.isEmpty()) {
                opened.putHeader(HttpHeaders.AUTHORIZATION, "Bearer " + key);
              }
              opened
                  .send(call.body())
                  .onSuccess(this::responded)
                  .onFailure(fault -> broken("the connection ended before an answer"));
            })
        .onFailure(fault -> broken("it cannot be reached"));
  }

  private void responded(HttpClientResponse answer) {
    if (state != State.ASKING) {
      return;
    }
    response = answer;
    heardNanos = System.nanoTime();
    answer.exceptionHandler(fault -> broken("the connection broke in mid-answer"));
    if (answer.statusCode() != 200) {
      refuseBy(answer);
      return;
    }
    String type = String.valueOf(answer.getHeader(HttpHeaders.CONTENT_TYPE));
    if (!type.toLowerCase(Locale.ROOT).startsWith("text/event-stream")) {
      broken("it does not stream its answer");
      return;
    }
    state = State.ANSWERING;
    answer.handler(this::heard);
    answer.endHandler(ignored -> closed());
  }

  private void refuseBy(HttpClientResponse answer) {
    state = State.REFUSING;
    Buffer body = Buffer.buffer();
    answer.handler(
        bytes -> {
          if (body.length() + bytes.length() <= MOST_ERROR_BYTES) {
            body.appendBuffer(bytes);
          }
        });
    answer.endHandler(
        ignored -> {
          if (state == State.REFUSING) {
            Ended.Refused how = UpstreamRefusals.of(key(), answer.statusCode(), body.toString());
            if (how.cause() == RefusalCause.ENGINE) {
              owner.fault(this, "it answers with status " + answer.statusCode());
            }
            end(how);
          }
        });
  }

  // ------------------------------------------------------------------ the answer

  private void heard(Buffer bytes) {
    heardNanos = System.nanoTime();
    if (state == State.ENDED || complete) {
      return;
    }
    try {
      events.feed(bytes);
    } catch (UpstreamFault fault) {
      broken(String.valueOf(fault.getMessage()));
      return;
    }
    send();
  }

  private void event(byte[] data) throws UpstreamFault {
    if (state == State.ENDED || complete) {
      return;
    }
    if (data.length == DONE.length() && new String(data, UTF_8).equals(DONE)) {
      closed();
      return;
    }
    AnswerChunk chunk = AnswerChunk.parse(data);
    if (chunk.failed()) {
      throw new UpstreamFault("it tells of an error in mid-answer");
    }
    if (!chunk.model().isEmpty() && !server.names().contains(chunk.model())) {
      throw new UpstreamFault("another model answers than was asked for");
    }
    if (chunk.usage() != null) {
      usage = chunk.usage();
    }
    String text = text(chunk);
    if (state == State.CLOSING) {
      if (!text.isEmpty()) {
        throw new UpstreamFault("text comes after the answer's end");
      }
      return;
    }
    answered(chunk, text);
  }

  private void answered(AnswerChunk chunk, String text) throws UpstreamFault {
    boolean ends = chunk.finish() != null;
    if (!text.isEmpty() && meter.isFull()) { // it was asked for no more, or had no limit of ours
      finish = FinishReason.LENGTH;
      complete();
      return;
    }
    int bytes = text.isEmpty() ? 0 : text.getBytes(UTF_8).length;
    int tokens = meter.chunk(bytes, chunk.tokensSoFar(), chunk.tokens(), ends);
    if (tokens > 0) {
      lastTokenNanos = heardNanos;
      if (firstTokenNanos == 0) {
        firstTokenNanos = heardNanos;
      }
    }
    pending.add(text, tokens, request.logprobs() ? chunk.logprobs() : List.of());
    if (chunk.finish() != null) {
      finish = reason(chunk.finish());
      stop = chunk.stop() != null && request.stop().contains(chunk.stop()) ? chunk.stop() : null;
      state = State.CLOSING;
    }
  }

  /**
   * Text and reasoning as the model wrote them, marks included, where a server tells them apart.
   */
  private String text(AnswerChunk chunk) {
    if (chunk.thought().isEmpty() && !thinking) {
      return chunk.text();
    }
    StringBuilder whole = new StringBuilder();
    if (!chunk.thought().isEmpty()) {
      whole.append(thinking ? "" : THINK).append(chunk.thought());
      thinking = true;
    }
    if (thinking && !chunk.text().isEmpty()) {
      whole.append(THOUGHT);
      thinking = false;
    }
    return whole.append(chunk.text()).toString();
  }

  private static FinishReason reason(String word) throws UpstreamFault {
    return switch (word) {
      case "stop", "tool_calls", "function_call", "eos" -> FinishReason.STOP;
      case "length" -> FinishReason.LENGTH;
      default -> throw new UpstreamFault("it ended the answer for a reason of its own");
    };
  }

  private void closed() {
    if (state == State.CLOSING) {
      complete();
    } else if (state == State.ANSWERING && !complete) {
      broken("the answer ended without saying how");
    }
  }

  /** All has come; what the usage says more goes after it. */
  private void complete() {
    if (complete) {
      return;
    }
    complete = true;
    AnswerChunk.Usage last = usage;
    if (last != null && state == State.CLOSING) {
      int more = meter.correct(last.completionTokens(), finish == FinishReason.STOP);
      pending.add("", more, List.of());
    }
    String doubt = meter.doubt();
    if (doubt != null) {
      owner.fault(this, doubt);
    }
    send();
  }

  /** Sends what the credit covers, and reads on only when all was sent. */
  private void send() {
    for (Delta delta = pending.take(); delta != null; delta = pending.take()) {
      owner.delta(delta);
    }
    HttpClientResponse from = response;
    if (from == null || state == State.ENDED) {
      return;
    }
    if (!pending.isEmpty()) {
      if (!paused) {
        paused = true;
        from.pause();
      }
    } else if (complete) {
      end(finished(finish));
    } else if (paused) {
      paused = false;
      heardNanos = System.nanoTime();
      from.resume();
    }
  }

  void grant(int tokens) {
    pending.grant(tokens);
    if (state != State.WAITING && state != State.ENDED) {
      send();
    }
  }

  // ------------------------------------------------------------------ the end

  /** Looks at the clock, a few times a second. */
  void tick(long nowNanos) {
    long deadline = request.deadlineMillis() * 1_000_000L;
    if (deadline > 0 && nowNanos - arrivedNanos >= deadline) {
      cancel();
      return;
    }
    switch (state) {
      case WAITING, ENDED -> {}
      case ASKING, REFUSING, ANSWERING, CLOSING -> {
        long silent = nowNanos - heardNanos;
        if (nowNanos - askedNanos > limits.total().toNanos()) {
          broken("the answer takes longer than " + limits.total().toSeconds() + " s");
        } else if (paused || complete) {
          return;
        } else if (firstTokenNanos == 0 && nowNanos - askedNanos > limits.firstToken().toNanos()) {
          broken("no token came within " + limits.firstToken().toSeconds() + " s");
        } else if (firstTokenNanos != 0 && silent > limits.idle().toNanos()) {
          if (state == State.CLOSING) {
            complete(); // all that is missing is the usage
          } else {
            broken("nothing came for " + limits.idle().toSeconds() + " s in mid-answer");
          }
        }
      }
    }
  }

  /** Ends it at once; the server sees its connection close. */
  void cancel() {
    if (state != State.ENDED) {
      end(finished(FinishReason.CANCELLED));
    }
  }

  /** The worker stops, or the server is gone. */
  void refuse(RefusalCause cause, String message) {
    if (state != State.ENDED) {
      end(new Ended.Refused(key(), cause, message, ""));
    }
  }

  private void broken(String what) {
    if (state != State.ENDED && !complete) {
      owner.fault(this, what);
      end(UpstreamRefusals.broken(key()));
    }
  }

  private Ended.Finished finished(FinishReason reason) {
    AnswerChunk.Usage last = usage;
    // A continuation's prompt holds the answer so far, which is no part of the prompt.
    int continued = request.continuation().ids().length;
    int prompt = last == null ? 0 : Math.max(last.promptTokens() - continued, 0);
    int cached = last == null ? 0 : Math.min(last.cachedPromptTokens(), prompt);
    owner.computed(prompt - cached);
    long now = System.nanoTime();
    boolean asked = askedNanos != 0;
    boolean answered = firstTokenNanos != 0;
    return new Ended.Finished(
        key(),
        reason,
        stop,
        prompt,
        meter.counted(),
        cached,
        (asked ? askedNanos : now) - arrivedNanos,
        !asked ? 0 : (answered ? firstTokenNanos : now) - askedNanos,
        answered ? lastTokenNanos - firstTokenNanos : 0);
  }

  private void end(Ended how) {
    boolean whole = complete && state == State.CLOSING;
    state = State.ENDED;
    HttpClientRequest open = http;
    if (open != null && !whole) {
      open.reset();
    }
    owner.ended(this, how);
  }
}
