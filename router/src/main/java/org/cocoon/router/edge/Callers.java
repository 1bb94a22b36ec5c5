package org.cocoon.router.edge;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.StreamResetException;
import io.vertx.ext.web.RoutingContext;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import org.cocoon.link.openai.BadRequestException;
import org.cocoon.router.ledger.Ledger;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Authentication;
import org.cocoon.router.ledger.LedgerException;
import org.cocoon.router.request.Refusal;
import org.cocoon.router.request.Refusal.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who asks, and what they are told when something fails before a request is under way. Belongs to
 * the event loop.
 */
final class Callers {
  private static final Logger log = LoggerFactory.getLogger(Callers.class);

  private final Vertx vertx;
  private final Ledger ledger;

  Callers(Vertx vertx, Ledger ledger) {
    this.vertx = vertx;
    this.ledger = ledger;
  }

  /** The request's id, which identify() gave it. */
  static UUID id(RoutingContext ctx) {
    UUID id = ctx.get("request");
    return Objects.requireNonNull(id, "identify() runs before every other handler");
  }

  /** Finds the account of a request's bearer key; fails with what to tell otherwise. */
  Future<Account> authenticate(HttpServerRequest request) {
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

  /** Goes on with the account of a request without a body. */
  void with(RoutingContext ctx, Consumer<Account> next) {
    authenticate(ctx.request()).onSuccess(next::accept).onFailure(fault -> fail(ctx, fault));
  }

  /** Tells what went wrong. */
  void fail(RoutingContext ctx, Throwable fault) {
    if (ctx.response().closed() || isReset(fault)) {
      log.debug("event=client_gone request={}", id(ctx));
      return;
    }
    BodyReader.discard(vertx, ctx.request());
    HttpReplies.refuse(ctx.response(), refusal(fault, id(ctx)));
  }

  /** What to tell of a fault; what nobody expected is logged. */
  static Refusal refusal(Throwable fault, UUID request) {
    return switch (fault) {
      case RefusedException refused -> refused.refusal();
      case BadRequestException wrong -> Refusal.of(wrong);
      case LedgerException away ->
          Refusal.retry(Kind.LEDGER_UNAVAILABLE, 2, "The ledger is not reachable just now.");
      default -> {
        log.error("event=internal_error request={}", request, fault);
        yield internal();
      }
    };
  }

  /** A settlement's answer: it fails where its database is away, which is expected. */
  static <T> Future<T> settled(Future<T> call) {
    return call.recover(
        fault -> {
          if (fault instanceof RefusedException) {
            return Future.failedFuture(fault);
          }
          log.warn("event=settlement_unavailable reason=\"{}\"", fault.toString());
          return Future.failedFuture(
              new RefusedException(
                  Refusal.retry(
                      Kind.LEDGER_UNAVAILABLE, 2, "The ledger is not reachable just now.")));
        });
  }

  /** A fault of the router's own. */
  static Refusal internal() {
    return Refusal.of(Kind.INTERNAL, "A fault of ours; the log names it by the request's id.");
  }

  private static boolean isReset(Throwable fault) {
    return fault instanceof HttpClosedException || fault instanceof StreamResetException;
  }
}
