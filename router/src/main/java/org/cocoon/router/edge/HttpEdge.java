package org.cocoon.router.edge;

import io.netty.handler.codec.TooLongFrameException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.StreamResetException;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import org.cocoon.link.openai.AnswerFormat;
import org.cocoon.link.openai.BadRequestException;
import org.cocoon.link.openai.Fields;
import org.cocoon.link.openai.ParsedRequest;
import org.cocoon.link.openai.RequestParser;
import org.cocoon.link.openai.SealedEvents;
import org.cocoon.router.ledger.Ledger;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Authentication;
import org.cocoon.router.ledger.LedgerException;
import org.cocoon.router.path.Exchange;
import org.cocoon.router.path.RequestPath;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.InferenceRequest;
import org.cocoon.router.request.Refusal;
import org.cocoon.router.request.Refusal.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The OpenAI-compatible HTTP surface. Everything that reaches a client as an error goes through
 * {@link ErrorTable}; every reply has an {@code x-request-id}.
 */
public final class HttpEdge {
  private static final Logger log = LoggerFactory.getLogger(HttpEdge.class);

  private final Vertx vertx;
  private final RequestPath path;
  private final Ledger ledger;
  private final NetworkView network;
  private final AttestationView attestation;
  private final Supplier<String> metrics;
  private final RequestParser parser;
  private final TurnFlusher flusher;
  private final WebSocketEdge webSockets;
  private final IdleConnections idle;

  /**
   * Makes the edge.
   *
   * @param metrics scrapes Prometheus text
   * @param strict whether unknown request fields are refused
   */
  public HttpEdge(
      Vertx vertx,
      RequestPath path,
      Ledger ledger,
      NetworkView network,
      AttestationView attestation,
      Supplier<String> metrics,
      boolean strict) {
    this.vertx = vertx;
    this.path = path;
    this.ledger = ledger;
    this.network = network;
    this.attestation = attestation;
    this.metrics = metrics;
    this.parser = new RequestParser(strict);
    this.flusher = new TurnFlusher(vertx.getOrCreateContext());
    this.idle = new IdleConnections(vertx, System::nanoTime);
    this.webSockets = new WebSocketEdge(vertx, path, ledger, parser, flusher);
  }

  /** The routes. */
  public Router routes() {
    Router router = Router.router(vertx);
    router.route().handler(this::identify);
    router.post("/v1/chat/completions").handler(ctx -> infer(ctx, true));
    router.post("/v1/completions").handler(ctx -> infer(ctx, false));
    router.get("/v1/models").handler(ctx -> withAccount(ctx, account -> models(ctx)));
    router.get("/v1/models/:id").handler(ctx -> withAccount(ctx, account -> model(ctx)));
    router
        .get("/v1/receipts/:id")
        .handler(ctx -> withAccount(ctx, account -> receipt(ctx, account)));
    router.get("/v1/network").handler(ctx -> HttpReplies.json(ctx.response(), network.json()));
    router.get("/v1/group-keys").handler(this::groupKeys);
    router
        .get("/v1/attestation")
        .handler(
            ctx ->
                HttpReplies.json(
                    ctx.response(), attestation.json(ctx.request().getParam("worker"))));
    router.get("/v1/ws").handler(webSockets::upgrade);
    router.get("/health/live").handler(ctx -> HttpReplies.json(ctx.response(), "{\"live\":true}"));
    router.get("/health/ready").handler(this::ready);
    router
        .get("/metrics")
        .handler(
            ctx ->
                ctx.response()
                    .putHeader("content-type", "text/plain; version=0.0.4; charset=utf-8")
                    .end(metrics.get()));
    router.errorHandler(400, this::malformed);
    router.errorHandler(404, this::unknownPath);
    router.errorHandler(405, this::wrongMethod);
    router.errorHandler(500, this::broken);
    return router;
  }

  private void identify(RoutingContext ctx) {
    HttpConnection connection = ctx.request().connection();
    idle.began(connection);
    ctx.addEndHandler(ignored -> idle.ended(connection));
    UUID id = RequestIds.next();
    ctx.put("request", id);
    ctx.response().putHeader("x-request-id", id.toString());
    ctx.next();
  }

  private static UUID id(RoutingContext ctx) {
    UUID id = ctx.get("request");
    return Objects.requireNonNull(id, "identify() runs before every other handler");
  }

  // ------------------------------------------------------------------ inference

  private void infer(RoutingContext ctx, boolean chat) {
    HttpServerRequest request = ctx.request();
    request.pause();
    authenticate(request)
        .compose(
            account ->
                BodyReader.read(vertx, request).map(body -> answer(ctx, chat, account, body)))
        .onFailure(fault -> fail(ctx, fault));
  }

  /** Submits a request; false where its client has left already. */
  private boolean answer(RoutingContext ctx, boolean chat, Account account, Buffer body) {
    UUID id = id(ctx);
    if (ctx.response().closed()) {
      log.debug("event=client_gone request={}", id);
      return false; // it left while its key was looked up
    }
    long seed = ThreadLocalRandom.current().nextLong();
    Fields fields = Fields.parse(body.getBytes());
    ParsedRequest parsed = chat ? parser.chat(fields, seed) : parser.completion(fields, seed);
    HttpServerResponse response = ctx.response();
    Answer answer = answer(response, id, parsed);
    response
        .putHeader("x-ratelimit-limit-requests", Integer.toString(path.limitsOfAccounts().limit()))
        .putHeader(
            "x-ratelimit-remaining-requests",
            Integer.toString(
                Math.max(
                    0,
                    path.limitsOfAccounts().limit()
                        - path.limitsOfAccounts().inFlight(account)
                        - 1)))
        .putHeader("x-ratelimit-reset-requests", "1s");
    Exchange exchange = path.submit(InferenceRequest.of(id, account, parsed), answer);
    if (!response.ended()) { // refused at once otherwise
      ctx.addEndHandler(ignored -> exchange.cancel()); // does nothing after a proper end
      response.drainHandler(ignored -> exchange.resume());
    }
    return true;
  }

  private Answer answer(HttpServerResponse response, UUID id, ParsedRequest parsed) {
    long created = System.currentTimeMillis() / 1000;
    String model = parsed.run().getModel();
    if (parsed.run().hasSealed()) {
      if (!parsed.stream()) {
        throw Fields.bad(
            "stream", "'stream' must be true beside 'sealed': the answer comes sealed in chunks.");
      }
      SealedEvents format = new SealedEvents(parsed.chat(), id, model, created);
      return new SealedStreamAnswer(response, format, flusher, System.nanoTime());
    }
    boolean usage = parsed.includeUsage();
    AnswerFormat format =
        new AnswerFormat(parsed.chat(), parsed.run().getLogprobs(), usage, id, model, created);
    return parsed.stream()
        ? new StreamAnswer(response, format, flusher, usage, System.nanoTime())
        : new WholeAnswer(response, format);
  }

  // ------------------------------------------------------------------ who asks

  private Future<Account> authenticate(HttpServerRequest request) {
    return authenticate(ledger, request);
  }

  /** Finds the account of a request's bearer key. */
  static Future<Account> authenticate(Ledger ledger, HttpServerRequest request) {
    String header = request.getHeader("authorization");
    if (header == null || !header.regionMatches(true, 0, "Bearer ", 0, 7)) {
      return Future.failedFuture(
          new RefusedException(
              Refusal.of(
                  Kind.UNAUTHORIZED, "Send your API key as 'Authorization: Bearer ck_...'.")));
    }
    return ledger
        .authenticate(header.substring(7).trim())
        .compose(
            outcome ->
                switch (outcome) {
                  case Authentication.Known known -> Future.succeededFuture(known.account());
                  case Authentication.Unknown unknown ->
                      Future.failedFuture(
                          new RefusedException(
                              Refusal.of(Kind.UNAUTHORIZED, "Nobody has this API key.")));
                });
  }

  private interface Authenticated {
    void handle(Account account);
  }

  private void withAccount(RoutingContext ctx, Authenticated next) {
    authenticate(ctx.request()).onSuccess(next::handle).onFailure(fault -> fail(ctx, fault));
  }

  // ------------------------------------------------------------------ the rest

  private static String parameter(RoutingContext ctx) {
    return Objects.requireNonNullElse(ctx.pathParam("id"), "");
  }

  private void models(RoutingContext ctx) {
    HttpReplies.json(ctx.response(), network.models());
  }

  private void model(RoutingContext ctx) {
    String json = network.model(parameter(ctx));
    if (json == null) {
      HttpReplies.refuse(
          ctx.response(),
          Refusal.ofParam(
              Kind.UNKNOWN_MODEL,
              "model",
              "No worker serves this model; GET /v1/models lists what there is."));
    } else {
      HttpReplies.json(ctx.response(), json);
    }
  }

  /** Needs no API key: who has none yet may look to whom prompts would be sealed. */
  private void groupKeys(RoutingContext ctx) {
    String model = ctx.request().getParam("model");
    if (model == null || model.isEmpty()) {
      HttpReplies.refuse(
          ctx.response(),
          Refusal.ofParam(
              Kind.BAD_REQUEST, "model", "Say of which model: /v1/group-keys?model=NAME"));
      return;
    }
    HttpReplies.json(ctx.response(), network.groupKeys(model));
  }

  private void receipt(RoutingContext ctx, Account account) {
    UUID id;
    try {
      String text = parameter(ctx);
      id = UUID.fromString(text.startsWith("chatcmpl-") ? text.substring(9) : text);
    } catch (IllegalArgumentException e) {
      HttpReplies.refuse(
          ctx.response(),
          Refusal.ofParam(Kind.BAD_REQUEST, "id", "A request id is a UUID, as in x-request-id."));
      return;
    }
    ledger
        .receipt(account, id)
        .onSuccess(
            found -> {
              if (found == null) {
                HttpReplies.refuse(
                    ctx.response(),
                    Refusal.of(Kind.NOT_FOUND, "This account has no receipt of that request."));
              } else {
                HttpReplies.json(ctx.response(), network.receipt(found));
              }
            })
        .onFailure(fault -> fail(ctx, fault));
  }

  private void ready(RoutingContext ctx) {
    boolean database = ledger.available();
    boolean workers = network.anyWorker();
    boolean ready = database && workers && !path.draining();
    ctx.response().setStatusCode(ready ? 200 : 503);
    HttpReplies.json(
        ctx.response(),
        "{\"ready\":%b,\"database\":%b,\"workers\":%b,\"draining\":%b}"
            .formatted(ready, database, workers, path.draining()));
  }

  private void malformed(RoutingContext ctx) {
    BodyReader.discard(vertx, ctx.request());
    HttpReplies.refuse(
        ctx.response(), Refusal.of(Kind.BAD_REQUEST, "The path of this request is malformed."));
  }

  private void unknownPath(RoutingContext ctx) {
    BodyReader.discard(vertx, ctx.request());
    HttpReplies.refuse(
        ctx.response(),
        Refusal.of(
            Kind.NOT_FOUND,
            "There is no such path; the API is under /v1 (see /v1/models, /v1/chat/completions)."));
  }

  private void wrongMethod(RoutingContext ctx) {
    BodyReader.discard(vertx, ctx.request());
    ctx.response()
        .putHeader("allow", HttpMethod.POST.equals(ctx.request().method()) ? "GET" : "POST, GET");
    HttpReplies.refuse(
        ctx.response(),
        Refusal.of(Kind.METHOD_NOT_ALLOWED, "This path does not take that method."));
  }

  private void broken(RoutingContext ctx) {
    Throwable fault = ctx.failure();
    BodyReader.discard(vertx, ctx.request());
    log.error("event=internal_error request={}", id(ctx), fault);
    HttpReplies.refuse(ctx.response(), internal());
  }

  private static Refusal internal() {
    return Refusal.of(Kind.INTERNAL, "A fault of ours; the log names it by the request's id.");
  }

  private void fail(RoutingContext ctx, Throwable fault) {
    if (ctx.response().closed() || isReset(fault)) {
      log.debug("event=client_gone request={}", id(ctx));
      return;
    }
    BodyReader.discard(vertx, ctx.request());
    if (fault instanceof RefusedException refused) {
      HttpReplies.refuse(ctx.response(), refused.refusal());
    } else if (fault instanceof BadRequestException wrong) {
      HttpReplies.refuse(ctx.response(), Refusal.of(wrong));
    } else if (fault instanceof LedgerException) {
      HttpReplies.refuse(
          ctx.response(),
          Refusal.retry(Kind.LEDGER_UNAVAILABLE, 2, "The ledger is not reachable just now."));
    } else {
      log.error("event=internal_error request={}", id(ctx), fault);
      HttpReplies.refuse(ctx.response(), internal());
    }
  }

  private static boolean isReset(Throwable fault) {
    return fault instanceof HttpClosedException || fault instanceof StreamResetException;
  }

  // ------------------------------------------------------------------ below HTTP's surface

  /** Answers what is no HTTP, or more of it than is taken; the connection ends after that. */
  public void invalid(HttpServerRequest request) {
    boolean tooLong = request.decoderResult().cause() instanceof TooLongFrameException;
    Refusal refusal =
        Refusal.of(
            Kind.BAD_REQUEST,
            tooLong
                ? "The request line or the headers are longer than this router takes."
                : "This is no valid HTTP request.");
    HttpServerResponse response = request.response();
    response
        .putHeader("x-request-id", RequestIds.next().toString())
        .putHeader("connection", "close");
    HttpReplies.refuse(response, refusal);
  }

  /** Watches a new connection, which is closed when it is idle for long between two requests. */
  public void connected(HttpConnection connection) {
    idle.opened(connection);
  }
}
