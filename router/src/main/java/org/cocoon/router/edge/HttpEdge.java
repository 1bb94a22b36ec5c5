package org.cocoon.router.edge;

import io.netty.handler.codec.TooLongFrameException;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import org.cocoon.link.openai.AnswerFormat;
import org.cocoon.link.openai.EmbeddingParser;
import org.cocoon.link.openai.Fields;
import org.cocoon.link.openai.ParsedRequest;
import org.cocoon.link.openai.RequestParser;
import org.cocoon.link.openai.SealedEvents;
import org.cocoon.router.ledger.Ledger;
import org.cocoon.router.ledger.Ledger.Account;
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

  private static final String VOUCHER_HEADER = "x-cocoon-voucher";

  private final Vertx vertx;
  private final RequestPath path;
  private final Ledger ledger;
  private final Callers callers;
  private final AccountEdge accounts;
  private final VoucherDesk vouchers;
  private final NetworkView network;
  private final AttestationView attestation;
  private final Supplier<String> metrics;
  private final RequestParser parser;
  private final EmbeddingParser embeddings;
  private final TurnFlusher flusher;
  private final WebSocketEdge webSockets;
  private final IdleConnections idle;

  /**
   * Makes the edge.
   *
   * @param money what accounts have, and where it is settled
   * @param metrics scrapes Prometheus text
   * @param strict whether unknown request fields are refused
   */
  public HttpEdge(
      Vertx vertx,
      RequestPath path,
      Ledger ledger,
      NetworkView network,
      AttestationView attestation,
      Money money,
      Supplier<String> metrics,
      boolean strict) {
    this.vertx = vertx;
    this.path = path;
    this.ledger = ledger;
    this.callers = new Callers(vertx, ledger);
    this.vouchers = new VoucherDesk(money.settlement());
    this.accounts = new AccountEdge(vertx, callers, vouchers, money);
    this.network = network;
    this.attestation = attestation;
    this.metrics = metrics;
    path.onShortage(accounts::topUp);
    this.parser = new RequestParser(strict);
    this.embeddings = new EmbeddingParser(strict);
    this.flusher = new TurnFlusher(vertx.getOrCreateContext());
    this.idle = new IdleConnections(vertx, System::nanoTime);
    this.webSockets = new WebSocketEdge(vertx, path, callers, vouchers, parser, flusher);
  }

  /** The routes. */
  public Router routes() {
    Router router = Router.router(vertx);
    router.route().handler(this::identify);
    router.post("/v1/chat/completions").handler(ctx -> infer(ctx, this::chat));
    router.post("/v1/completions").handler(ctx -> infer(ctx, this::completion));
    router.post("/v1/embeddings").handler(ctx -> infer(ctx, this::embedding));
    router.get("/v1/models").handler(ctx -> callers.with(ctx, account -> models(ctx)));
    router.get("/v1/models/:id").handler(ctx -> callers.with(ctx, account -> model(ctx)));
    router
        .get("/v1/receipts/:id")
        .handler(ctx -> callers.with(ctx, account -> receipt(ctx, account)));
    router
        .get("/v1/network")
        .handler(ctx -> HttpReplies.json(ctx.response(), network.json(accounts.settlement())));
    router.get("/v1/prices").handler(ctx -> HttpReplies.json(ctx.response(), network.prices()));
    accounts.mount(router);
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

  // ------------------------------------------------------------------ inference

  /** A request that was read, and where its answer goes. */
  private record Asked(ParsedRequest request, Answer answer) {}

  /** Reads a body of one path. */
  private interface Reader {
    Asked read(Fields body, HttpServerResponse response, UUID id);
  }

  private Asked chat(Fields body, HttpServerResponse response, UUID id) {
    ParsedRequest parsed = parser.chat(body, ThreadLocalRandom.current().nextLong());
    return new Asked(parsed, answer(response, id, parsed));
  }

  private Asked completion(Fields body, HttpServerResponse response, UUID id) {
    ParsedRequest parsed = parser.completion(body, ThreadLocalRandom.current().nextLong());
    return new Asked(parsed, answer(response, id, parsed));
  }

  private Asked embedding(Fields body, HttpServerResponse response, UUID id) {
    EmbeddingParser.Parsed parsed = embeddings.parse(body);
    return new Asked(parsed.request(), new EmbeddingAnswer(response, parsed));
  }

  private void infer(RoutingContext ctx, Reader reader) {
    HttpServerRequest request = ctx.request();
    request.pause();
    callers
        .authenticate(request)
        .compose(
            account ->
                vouchers
                    .accept(account, request.getHeader(VOUCHER_HEADER), VOUCHER_HEADER)
                    .compose(ignored -> BodyReader.read(vertx, request))
                    .map(body -> answer(ctx, reader, account, body)))
        .onFailure(fault -> callers.fail(ctx, fault));
  }

  /** Submits a request; false where its client has left already. */
  private boolean answer(RoutingContext ctx, Reader reader, Account account, Buffer body) {
    UUID id = Callers.id(ctx);
    if (ctx.response().closed()) {
      log.debug("event=client_gone request={}", id);
      return false; // it left while its key was looked up
    }
    HttpServerResponse response = ctx.response();
    Asked asked = reader.read(Fields.parse(body.getBytes()), response, id);
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
    Exchange exchange =
        path.submit(InferenceRequest.of(id, account, asked.request()), asked.answer());
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
    AnswerFormat format = AnswerFormat.of(parsed, id, created);
    return parsed.stream()
        ? new StreamAnswer(response, format, flusher, usage, System.nanoTime())
        : new WholeAnswer(response, format);
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
        .onFailure(fault -> callers.fail(ctx, fault));
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
    log.error("event=internal_error request={}", Callers.id(ctx), fault);
    HttpReplies.refuse(ctx.response(), Callers.internal());
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
