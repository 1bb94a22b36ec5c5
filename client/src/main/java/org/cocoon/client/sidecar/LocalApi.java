package org.cocoon.client.sidecar;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.net.URI;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.cocoon.client.attested.Failure;
import org.cocoon.client.attested.SealedException;
import org.cocoon.client.attested.SealedSession;
import org.cocoon.link.openai.BadRequestException;
import org.cocoon.link.openai.Fields;
import org.cocoon.link.openai.ParsedRequest;
import org.cocoon.link.openai.RequestParser;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** OpenAI's API for the apps on this machine. Belongs to the event loop. */
final class LocalApi {
  private static final Logger log = LoggerFactory.getLogger(LocalApi.class);
  private static final long KEEP_ALIVE_MILLIS = TimeUnit.SECONDS.toMillis(5);
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]", "::1");

  private final Vertx vertx;
  private final SealedSession session;
  private final Optional<String> ownKey;
  private final InstantSource clock;
  private final int maxInFlight;
  private final RequestParser parser = new RequestParser(false);
  private final Set<StreamedAnswer> streams = new HashSet<>();
  private int inFlight;
  private boolean draining;

  /**
   * Makes the API.
   *
   * @param ownKey API key for apps that send none
   * @param maxInFlight requests that may run at the same time
   */
  LocalApi(
      Vertx vertx,
      SealedSession session,
      Optional<String> ownKey,
      InstantSource clock,
      int maxInFlight) {
    this.vertx = vertx;
    this.session = session;
    this.ownKey = ownKey;
    this.clock = clock;
    this.maxInFlight = maxInFlight;
    vertx.setPeriodic(KEEP_ALIVE_MILLIS, _ -> streams.forEach(StreamedAnswer::keepAlive));
  }

  /** Answers one request. */
  void handle(HttpServerRequest request) {
    HttpServerResponse response = request.response();
    UUID id = UUID.randomUUID();
    response.putHeader("x-request-id", id.toString());
    if (fromAWebsite(request)) {
      Replies.refuse(
          response,
          Replies.failure(
              403,
              "invalid_request_error",
              "origin_not_allowed",
              "Websites may not use this sidecar: it would spend its owner's key for them."));
      return;
    }
    String path = request.path() == null ? "" : request.path();
    switch (request.method().name() + " " + path) {
      case "POST /v1/chat/completions" -> infer(request, id, true);
      case "POST /v1/completions" -> infer(request, id, false);
      case "GET /v1/models" -> pass(request, path);
      case "GET /attestation" ->
          Replies.json(response, 200, AttestationPage.json(session.attestation()));
      case "GET /health/live" -> Replies.json(response, 200, "{\"live\":true}");
      case "GET /health/ready" -> ready(response);
      default -> {
        if (request.method().equals(HttpMethod.GET) && path.startsWith("/v1/models/")) {
          pass(request, path);
        } else {
          Replies.refuse(response, unknown());
        }
      }
    }
  }

  private static Failure unknown() {
    return Replies.failure(
        404,
        "invalid_request_error",
        "unknown_path",
        "There is no such path here: POST /v1/chat/completions, POST /v1/completions,"
            + " GET /v1/models, GET /attestation, GET /health/live and GET /health/ready.");
  }

  /**
   * A page in a browser can send requests to localhost, but not without saying where it is from.
   */
  private static boolean fromAWebsite(HttpServerRequest request) {
    String origin = request.getHeader("origin");
    if (origin == null) {
      return false;
    }
    try {
      String host = URI.create(origin).getHost();
      return host == null || !LOOPBACK.contains(host.toLowerCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      return true;
    }
  }

  // ------------------------------------------------------------------ inference

  private void infer(HttpServerRequest request, UUID id, boolean chat) {
    HttpServerResponse response = request.response();
    if (draining || inFlight >= maxInFlight) {
      Replies.refuse(response, draining ? stopping() : full());
      return;
    }
    Slot slot = new Slot(response);
    RequestBody.read(vertx, request)
        .map(body -> ask(request, id, chat, body, slot))
        .onFailure(fault -> fail(response, fault));
  }

  /** A place among the requests that run, given back once, however its response ends. */
  private final class Slot {
    private @Nullable AppAnswer answer;
    private boolean held = true;

    Slot(HttpServerResponse response) {
      inFlight++;
      response.endHandler(_ -> release());
      response.closeHandler(_ -> release());
    }

    void holds(AppAnswer running) {
      answer = running;
      if (running instanceof StreamedAnswer stream) {
        streams.add(stream);
      }
    }

    private void release() {
      if (held) {
        held = false;
        inFlight--;
        if (answer != null) {
          streams.remove(answer);
          answer.over();
        }
      }
    }
  }

  private boolean ask(HttpServerRequest request, UUID id, boolean chat, Buffer body, Slot slot) {
    HttpServerResponse response = request.response();
    if (response.closed()) {
      return false;
    }
    Fields fields = Fields.parse(body.getBytes());
    long seed = ThreadLocalRandom.current().nextLong();
    ParsedRequest parsed = chat ? parser.chat(fields, seed) : parser.completion(fields, seed);
    if (parsed.run().hasSealed()) {
      throw Fields.bad(
          "sealed", "'sealed' must be left out: send the prompt as it is, and it is sealed here.");
    }
    if (parsed.choices() > 1) {
      throw fields.wrong("n", "1 here: a sealed request has one answer");
    }
    AppAnswer answer =
        parsed.stream()
            ? new StreamedAnswer(response, parsed, id, clock)
            : new WholeAnswer(response, parsed, id, clock);
    answer.comesFrom(session.ask(parsed, key(request), answer));
    slot.holds(answer);
    return true;
  }

  private Optional<String> key(HttpServerRequest request) {
    String header = request.getHeader("authorization");
    if (header != null && header.regionMatches(true, 0, "Bearer ", 0, 7)) {
      String token = header.substring(7).strip();
      return token.isEmpty() ? ownKey : Optional.of(token);
    }
    return ownKey;
  }

  private void fail(HttpServerResponse response, Throwable fault) {
    switch (fault) {
      case BadRequestException wrong -> Replies.refuse(response, Failure.badRequest(wrong));
      case SealedException known -> Replies.refuse(response, known.failure());
      default -> {
        if (!response.closed()) {
          log.error("event=internal_error", fault);
          Replies.refuse(
              response,
              Replies.failure(500, "server_error", "internal", "A fault of the sidecar's own."));
        }
      }
    }
  }

  private static Failure stopping() {
    return Replies.failure(503, "server_error", "draining", "The sidecar is stopping.");
  }

  private Failure full() {
    return Replies.failure(
        429,
        "rate_limit_error",
        "too_many_in_flight",
        "%d requests run in this sidecar already: try again later.".formatted(maxInFlight));
  }

  // ------------------------------------------------------------------ the rest

  private void pass(HttpServerRequest request, String path) {
    HttpServerResponse response = request.response();
    session
        .get(path, key(request))
        .onSuccess(reply -> Replies.json(response, reply.status(), reply.body()))
        .onFailure(fault -> fail(response, fault));
  }

  private void ready(HttpServerResponse response) {
    boolean verified = session.attestation().evidence().isPresent();
    Replies.json(
        response,
        verified && !draining ? 200 : 503,
        "{\"ready\":%b,\"router_verified\":%b,\"draining\":%b}"
            .formatted(verified && !draining, verified, draining));
  }

  /** Takes nothing new from now on. */
  void drain() {
    draining = true;
  }
}
