package org.cocoon.client.attested;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import java.util.Base64;
import java.util.Objects;
import java.util.Optional;
import org.cocoon.client.SseDecoder;
import org.cocoon.link.openai.ParsedRequest;
import org.cocoon.link.seal.Opened;
import org.cocoon.link.seal.SealedExchange;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.PrivateTokens;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One sealed request and its answer. Belongs to the session's event loop.
 *
 * <pre>
 * state       what happens                               next
 * SEALING     key at hand, prompt sealed and sent        ASKED
 * ASKED       the router streams                         STREAMING
 * ASKED       the group key is unknown, first time       SEALING
 * STREAMING   a chunk opens                              STREAMING
 * STREAMING   the end, and the last chunk came before    OVER, finished
 * any         refused, broken, not authentic             OVER, failed
 * any         cancelled                                  OVER, silently
 * </pre>
 */
public final class SealedCall {
  private static final Logger log = LoggerFactory.getLogger(SealedCall.class);
  private static final int MAX_EVENT_BYTES = 2 << 20;
  private static final long CANCEL = 0x8; // RFC 9113, section 7

  private enum State {
    SEALING,
    ASKED,
    STREAMING,
    OVER
  }

  private final SealedSession session;
  private final ParsedRequest request;
  private final Optional<String> key;
  private final AnswerListener listener;
  private final SseDecoder events = new SseDecoder(this::event, MAX_EVENT_BYTES);
  private State state = State.SEALING;
  private boolean triedAgain;
  private boolean paused;
  private @Nullable SealedExchange exchange;
  private @Nullable HttpClientRequest sent;
  private @Nullable HttpClientResponse response;
  private @Nullable Ticket ticket;
  private boolean paidAgain;
  private String requestId = "";
  private String stop = "";
  private long tokens;

  SealedCall(
      SealedSession session, ParsedRequest request, Optional<String> key, AnswerListener listener) {
    this.session = session;
    this.request = request;
    this.key = key;
    this.listener = listener;
  }

  /** Takes nothing more from the router until {@link #resume}; only this answer waits. */
  public void pause() {
    paused = true;
    if (response != null && state == State.STREAMING) {
      response.pause();
    }
  }

  /** Goes on. */
  public void resume() {
    paused = false;
    if (response != null) {
      response.resume();
    }
  }

  /** Ends it, and with it the generation; the listener hears nothing more. Twice is fine. */
  public void cancel() {
    if (state != State.OVER) {
      over();
      resetStream();
    }
  }

  /** Ends it with an error that the listener hears. */
  void fail(Failure failure) {
    if (state != State.OVER) {
      over();
      resetStream();
      listener.failed(failure);
    }
  }

  /** Whether it runs over this connection. */
  boolean uses(HttpConnection connection) {
    return sent != null && sent.connection().equals(connection);
  }

  // ------------------------------------------------------------------ asking

  void start() {
    state = State.SEALING;
    Optional<Failure> distrusted = session.till().distrust();
    if (distrusted.isPresent()) {
      fail(distrusted.get());
      return;
    }
    session
        .keys()
        .of(request.run().getModel(), key)
        .compose(verified -> session.aside(() -> seal(verified)))
        .compose(this::pay)
        .compose(this::send)
        .compose(this::answered)
        .onFailure(fault -> fail(failureOf(fault)));
  }

  private SealedExchange seal(GroupKeyCache.Verified verified) {
    return SealedExchange.seal(verified.key(), SealedBody.secret(request), request.maxTokens());
  }

  private Future<SealedExchange> pay(SealedExchange sealed) {
    int bytes = sealed.request().getCiphertext().size();
    return session
        .till()
        .ticket(request, bytes, key)
        .onFailure(_ -> sealed.close())
        .map(
            given -> {
              ticket = given;
              return sealed;
            });
  }

  private Future<HttpClientResponse> send(SealedExchange sealed) {
    Ticket paid = Objects.requireNonNull(ticket, "paid before it is sent");
    if (state == State.OVER) {
      sealed.close();
      giveBack(false);
      return Future.failedFuture(new SealedException(Failure.unreachable("cancelled")));
    }
    exchange = sealed;
    Buffer body = SealedBody.open(request, sealed.request(), paid.maxCoefficient());
    String path = request.chat() ? "/v1/chat/completions" : "/v1/completions";
    return session
        .router()
        .request(HttpMethod.POST, path, key)
        .compose(
            begun -> {
              sent = begun;
              if (state == State.OVER) {
                resetStream();
              } else {
                state = State.ASKED;
                session.sealedOne();
              }
              begun.putHeader("content-type", "application/json");
              paid.voucher().ifPresent(text -> begun.putHeader("x-cocoon-voucher", text));
              return begun.send(body);
            });
  }

  private Future<Boolean> answered(HttpClientResponse answer) {
    if (state == State.OVER) {
      resetStream();
      return Future.succeededFuture(false);
    }
    if (answer.statusCode() == 200) {
      stream(answer);
      return Future.succeededFuture(true);
    }
    return RouterReply.read(answer).map(this::refused);
  }

  private boolean refused(RouterReply reply) {
    giveBack(false); // a router that refuses charges nothing
    Failure failure = reply.failure();
    if (!askAgain(failure) && !payAgain(failure)) {
      fail(failure);
    }
    return false;
  }

  /** Where the router was owed more than was known here, it is asked, and paid, once more. */
  private boolean payAgain(Failure failure) {
    if (failure.status() != 402 || paidAgain || state == State.OVER) {
      return false;
    }
    paidAgain = true;
    if (exchange != null) {
      exchange.close();
      exchange = null;
    }
    session.till().owed(key).onSuccess(_ -> restart()).onFailure(_ -> fail(failure));
    return true;
  }

  private void restart() {
    if (state != State.OVER) {
      start();
    }
  }

  private void giveBack(boolean begun) {
    Ticket given = ticket;
    ticket = null;
    if (given != null) {
      session.till().giveBack(given, begun);
    }
  }

  /** Asks once more with a fresh key, where this one is outdated. */
  private boolean askAgain(Failure failure) {
    if (!failure.type().equals(Failure.SEALED_KEY_UNKNOWN)
        || triedAgain
        || tokens > 0
        || exchange == null
        || state == State.OVER) {
      return false;
    }
    triedAgain = true;
    String keyId = exchange.request().getKeyId();
    log.info("event=group_key_outdated key={}", keyId);
    session.keys().forget(request.run().getModel(), keyId);
    exchange.close();
    exchange = null;
    start();
    return true;
  }

  // ------------------------------------------------------------------ streaming

  private void stream(HttpClientResponse answer) {
    response = answer;
    state = State.STREAMING;
    requestId = Objects.requireNonNullElse(answer.getHeader("x-request-id"), "");
    answer.exceptionHandler(fault -> fail(failureOf(fault)));
    answer.endHandler(_ -> ended());
    answer.handler(this::read);
    if (paused) {
      answer.pause();
    }
    listener.accepted(requestId);
  }

  private void read(Buffer part) {
    if (state != State.STREAMING) {
      return;
    }
    byte[] bytes = part.getBytes();
    try {
      events.feed(bytes, 0, bytes.length);
    } catch (SseDecoder.EventTooLargeException e) {
      fail(Failure.notUnderstood("one event of it is too large"));
    } catch (SealedException e) {
      fail(e.failure());
    }
    if (state == State.STREAMING) {
      listener.turn();
    }
  }

  private void event(byte[] bytes, int length) {
    if (state != State.STREAMING || (length > 0 && bytes[0] != '{')) {
      return; // [DONE], which says nothing that the end has not said
    }
    JsonNode event = RouterReply.parse(bytes, length);
    if (event.path("error").isObject()) {
      Failure failure = RouterReply.failure(event.path("error"), 502, 0);
      fail(failure);
      return;
    }
    switch (event.path("object").asText()) {
      case "cocoon.sealed.chunk" -> chunk(event);
      case "cocoon.sealed.end" -> end(event);
      default -> fail(Failure.notAuthentic("it holds something that is not sealed"));
    }
  }

  private void chunk(JsonNode event) {
    byte[] sealed;
    try {
      sealed = Base64.getDecoder().decode(event.path("sealed").asText());
    } catch (IllegalArgumentException e) {
      fail(Failure.notAuthentic("a chunk of it is no base64"));
      return;
    }
    switch (Objects.requireNonNull(exchange).open(sealed, event.path("tokens").asInt(-1))) {
      case Opened.Broken(String why) -> fail(Failure.notAuthentic(why));
      case Opened.Chunk(PrivateTokens opened, _) -> {
        tokens += opened.getIdsCount();
        stop = opened.getStop().isEmpty() ? stop : opened.getStop();
        listener.text(opened.getText().toByteArray(), opened.getLogprobsList());
      }
    }
  }

  private void end(JsonNode event) {
    if (!Objects.requireNonNull(exchange).complete()) {
      fail(Failure.notAuthentic("it was cut off before its last chunk"));
      return;
    }
    FinishReason finish =
        event.path("finish_reason").asText().equals("length")
            ? FinishReason.FINISH_LENGTH
            : FinishReason.FINISH_STOP;
    JsonNode usage = event.path("usage");
    long billed = usage.path("completion_tokens").asLong(-1);
    Optional<String> warning = Optional.empty();
    if (billed != tokens) {
      warning =
          Optional.of(
              "The router billed %d completion tokens, and %d came.".formatted(billed, tokens));
      log.warn("event=usage_mismatch request={} billed={} opened={}", requestId, billed, tokens);
    }
    Ticket given = Objects.requireNonNull(ticket);
    ticket = null;
    String receipt = usage.path("receipt").asText("");
    Optional<String> foreign = session.receiptFault(usage);
    if (foreign.isPresent()) {
      warning = foreign;
      log.warn("event=receipt_refused request={} detail=\"{}\"", requestId, foreign.get());
    }
    Optional<String> mismatch = warning;
    over();
    session
        .till()
        .judge(given, receipt, requestId, tokens)
        .otherwise(fault -> Optional.of("The receipt could not be checked: " + fault.getMessage()))
        .onSuccess(
            wrong ->
                listener.finished(
                    new SealedEnd(finish, usage, tokens, stop, mismatch.or(() -> wrong))));
  }

  private void ended() {
    if (state == State.STREAMING) {
      fail(
          Objects.requireNonNull(exchange).complete()
              ? Failure.unreachable("The router broke off before it said what the answer costs.")
              : Failure.notAuthentic("it was cut off before its last chunk"));
    }
  }

  // ------------------------------------------------------------------ ending

  private void over() {
    boolean begun = state != State.SEALING;
    state = State.OVER;
    giveBack(begun);
    session.ended(this);
    if (exchange != null) {
      exchange.close();
      exchange = null;
    }
    if (response != null) {
      response.resume(); // what is left of it must not hold the connection's window
    }
  }

  private void resetStream() {
    if (sent != null) {
      sent.reset(CANCEL);
    }
  }

  private static Failure failureOf(Throwable fault) {
    return broken(fault).failure();
  }

  /** What a call that broke off tells; a fault of ours is logged. */
  static SealedException broken(Throwable fault) {
    return switch (fault) {
      case SealedException known -> known;
      case IllegalArgumentException tooLarge ->
          new SealedException(
              new Failure(
                  413,
                  "invalid_request_error",
                  "The prompt cannot be sealed: " + tooLarge.getMessage() + ".",
                  null,
                  "context_length_exceeded",
                  false,
                  0));
      default ->
          new SealedException(
              Failure.unreachable(
                  "The connection to the router broke (%s): try again."
                      .formatted(AttestedRouter.sentence(fault))));
    };
  }
}
