package org.cocoon.router.edge;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.link.openai.Fields;
import org.cocoon.router.ledger.AccountBook;
import org.cocoon.router.ledger.AccountBook.By;
import org.cocoon.router.ledger.AccountBook.KeyOutcome;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.request.Refusal;
import org.cocoon.router.request.Refusal.Kind;
import org.cocoon.router.settlement.Settlement;
import org.cocoon.router.settlement.SettlementTerms;
import org.cocoon.router.settlement.VoucherOutcome;
import org.cocoon.router.settlement.Withdrawal;
import org.cocoon.router.settlement.WithdrawalOutcome;
import org.jspecify.annotations.Nullable;

/**
 * What an account's holder asks about money over HTTP: where it stands, what was spent, keys,
 * vouchers, withdrawals. Belongs to the event loop; signatures are checked aside.
 */
final class AccountEdge {
  private static final Duration USUAL_SPAN = Duration.ofDays(30);
  private static final Duration LONGEST_SPAN = Duration.ofDays(366);
  private static final int MAX_NAME_CHARS = 64;
  private static final int MAX_REFERENCE_CHARS = 64;
  static final int MAX_ADDRESS_CHARS = 80;

  /** After which a claim or a deposit may be on the chain. */
  static final int CHAIN_SECONDS = 3;

  private final Vertx vertx;
  private final Callers callers;
  private final VoucherDesk vouchers;
  private final Money money;
  private final ChannelDesk channels;
  private final AccountBook book;
  private final Settlement settlement;

  AccountEdge(Vertx vertx, Callers callers, VoucherDesk vouchers, Money money) {
    this.vertx = vertx;
    this.callers = callers;
    this.vouchers = vouchers;
    this.money = money;
    this.channels = new ChannelDesk(vertx, callers, money);
    this.book = money.book();
    this.settlement = money.settlement();
  }

  /** Adds the routes. */
  void mount(Router router) {
    router.get("/v1/account").handler(ctx -> answer(ctx, this::account));
    router.get("/v1/account/usage").handler(ctx -> answer(ctx, a -> usage(ctx.request(), a)));
    router.get("/v1/account/keys").handler(ctx -> answer(ctx, this::keys));
    router.post("/v1/account/keys").handler(ctx -> body(ctx, this::newKey));
    router.delete("/v1/account/keys/:id").handler(ctx -> answer(ctx, a -> revoke(ctx, a)));
    router.post("/v1/vouchers").handler(ctx -> body(ctx, this::voucher));
    router.post("/v1/withdrawals").handler(ctx -> body(ctx, this::withdraw));
    router.post("/v1/channels").handler(this::open);
    router.get("/v1/earnings/:payee").handler(this::earnings);
  }

  /**
   * An answer.
   *
   * @param body of it
   * @param again after how many seconds to ask again; 0: it is done
   */
  record Reply(JsonObject body, int again) {
    static Reply of(JsonObject body) {
      return new Reply(body, 0);
    }
  }

  private interface Asked {
    Future<Reply> of(Account account);
  }

  private interface Told {
    Future<Reply> of(Account account, Fields fields);
  }

  private void answer(RoutingContext ctx, Asked asked) {
    callers
        .authenticate(ctx.request())
        .compose(asked::of)
        .onSuccess(reply -> send(ctx, reply))
        .onFailure(fault -> callers.fail(ctx, fault));
  }

  private void body(RoutingContext ctx, Told told) {
    HttpServerRequest request = ctx.request();
    request.pause();
    callers
        .authenticate(request)
        .compose(
            account ->
                BodyReader.read(vertx, request)
                    .compose(body -> told.of(account, Fields.parse(body.getBytes()))))
        .onSuccess(reply -> send(ctx, reply))
        .onFailure(fault -> callers.fail(ctx, fault));
  }

  private static void send(RoutingContext ctx, Reply reply) {
    if (ctx.response().closed()) {
      return;
    }
    if (reply.again > 0) {
      ctx.response().setStatusCode(202).putHeader("retry-after", Integer.toString(reply.again));
    }
    HttpReplies.json(ctx.response(), reply.body.encode());
  }

  // ------------------------------------------------------------------ looking

  private Future<Reply> account(Account account) {
    return book.standing(account)
        .compose(
            standing ->
                Callers.settled(settlement.view(account))
                    .map(view -> Reply.of(AccountJson.account(account, standing, view))));
  }

  private Future<Reply> usage(HttpServerRequest request, Account account) {
    By by = by(request.getParam("by"));
    Instant now = money.clock().instant();
    Instant until = time("until", request.getParam("until"), now);
    Instant since = time("since", request.getParam("since"), until.minus(USUAL_SPAN));
    if (since.isAfter(until) || Duration.between(since, until).compareTo(LONGEST_SPAN) > 0) {
      throw Fields.bad(
          "since",
          "'since' must be before 'until', by %d days at most.".formatted(LONGEST_SPAN.toDays()));
    }
    return book.spending(account, by, since, until)
        .map(
            rows ->
                Reply.of(
                    new JsonObject()
                        .put("by", by.name().toLowerCase(Locale.ROOT))
                        .put("since", since.toString())
                        .put("until", until.toString())
                        .put("more", rows.size() >= AccountBook.MAX_ROWS)
                        .put("data", AccountJson.spent(rows))));
  }

  private static By by(@Nullable String word) {
    return switch (word == null ? "key" : word) {
      case "key" -> By.KEY;
      case "model" -> By.MODEL;
      case "day" -> By.DAY;
      default -> throw Fields.bad("by", "'by' must be key, model or day.");
    };
  }

  private static Instant time(String name, @Nullable String text, Instant absent) {
    if (text == null) {
      return absent;
    }
    try {
      return text.indexOf('T') < 0
          ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant()
          : Instant.parse(text);
    } catch (DateTimeException e) {
      throw Fields.bad(
          name,
          "'%s' must be a time like 2026-01-20T12:00:00Z or a date like 2026-01-20."
              .formatted(name));
    }
  }

  /** Needs no key: all of it is on the chain, or will be. */
  private void earnings(RoutingContext ctx) {
    TonAddress payee;
    try {
      String text = Objects.requireNonNullElse(ctx.pathParam("payee"), "");
      payee = address("payee", text);
    } catch (RuntimeException e) {
      callers.fail(ctx, e);
      return;
    }
    Callers.settled(settlement.payee(payee))
        .onSuccess(view -> send(ctx, Reply.of(AccountJson.payee(payee, view))))
        .onFailure(fault -> callers.fail(ctx, fault));
  }

  // ------------------------------------------------------------------ keys

  private Future<Reply> keys(Account account) {
    return book.keys(account)
        .map(keys -> Reply.of(new JsonObject().put("data", AccountJson.keys(keys))));
  }

  private Future<Reply> newKey(Account account, Fields fields) {
    String name = name(fields);
    return book.issue(account, name).map(outcome -> Reply.of(made(outcome, name)));
  }

  /** A name for people, of an API key. */
  static String name(Fields fields) {
    String name = Objects.requireNonNullElse(fields.string("name", MAX_NAME_CHARS), "");
    if (name.getBytes(StandardCharsets.UTF_8).length > 255
        || name.codePoints().anyMatch(c -> Character.isISOControl(c) || isLone(c))) {
      throw fields.wrong("name", "printable text of at most 64 characters");
    }
    return name;
  }

  private static boolean isLone(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }

  /** What to tell of a new key; throws what to tell where there is none. */
  static JsonObject made(KeyOutcome outcome, String name) {
    return switch (outcome) {
      case KeyOutcome.Made(long id, String key) -> {
        JsonObject json = new JsonObject().put("id", id).put("name", name);
        yield key.isEmpty() ? json : json.put("key", key);
      }
      case KeyOutcome.TooMany() ->
          throw refused(
              "This account has %d keys; revoke one first (DELETE /v1/account/keys/ID)."
                  .formatted(AccountBook.MAX_KEYS));
      case KeyOutcome.Taken() -> throw refused("This key is another account's; make a new one.");
      case KeyOutcome.Revoked() -> throw refused("This key was revoked; make a new one.");
    };
  }

  private static RefusedException refused(String sentence) {
    return new RefusedException(Refusal.of(Kind.KEY_REFUSED, sentence));
  }

  private Future<Reply> revoke(RoutingContext ctx, Account account) {
    String text = Objects.requireNonNullElse(ctx.pathParam("id"), "");
    if (!text.matches("[0-9]{1,18}")) {
      throw Fields.bad("id", "A key's id is a number; GET /v1/account/keys lists them.");
    }
    long id = Long.parseLong(text);
    return book.revoke(account, id)
        .map(
            known -> {
              if (!known) {
                throw new RefusedException(
                    Refusal.ofParam(
                        Kind.UNKNOWN_KEY,
                        "id",
                        "This account has no such key; GET /v1/account/keys lists them."));
              }
              return Reply.of(new JsonObject().put("id", id).put("revoked", true));
            });
  }

  // ------------------------------------------------------------------ vouchers and withdrawals

  private Future<Reply> voucher(Account account, Fields fields) {
    String text = fields.string("voucher", VoucherDesk.MAX_CHARS);
    if (text == null) {
      throw fields.wrong("voucher", "a voucher's text");
    }
    return Callers.settled(vouchers.submit(account, text, "voucher"))
        .map(
            outcome ->
                Reply.of(
                    switch (outcome) {
                      case VoucherOutcome.Accepted(NanoTon credit) ->
                          new JsonObject()
                              .put("accepted", true)
                              .put("credit_nanoton", credit.nanos());
                      case VoucherOutcome.Superseded(NanoTon ceiling, long expires) ->
                          new JsonObject()
                              .put("accepted", false)
                              .put("ceiling_nanoton", ceiling.nanos())
                              .put("expires", expires);
                      case VoucherOutcome.Refused refused ->
                          throw new IllegalStateException("the desk tells refusals apart");
                    }));
  }

  private Future<Reply> withdraw(Account account, Fields fields) {
    return Callers.settled(settlement.withdraw(account, withdrawal(fields)))
        .map(
            outcome ->
                switch (outcome) {
                  case WithdrawalOutcome.Refused(var reason, var sentence) ->
                      throw VoucherDesk.refused(reason, "amount_nanoton", sentence);
                  case WithdrawalOutcome.Claiming claiming ->
                      new Reply(AccountJson.withdrawal(claiming), CHAIN_SECONDS);
                  case WithdrawalOutcome.Released released ->
                      Reply.of(AccountJson.withdrawal(released));
                  case WithdrawalOutcome.Refunded refunded ->
                      Reply.of(AccountJson.withdrawal(refunded));
                });
  }

  private static Withdrawal withdrawal(Fields fields) {
    long nanos = fields.integer("amount_nanoton", 1, Long.MAX_VALUE, 0);
    Optional<NanoTon> amount = nanos == 0 ? Optional.empty() : Optional.of(new NanoTon(nanos));
    String kind = fields.string("kind", 16);
    Withdrawal withdrawal =
        switch (kind == null ? "" : kind) {
          case "channel" -> new Withdrawal.FromChannel(amount);
          case "close" -> {
            if (amount.isPresent()) {
              throw fields.wrong("amount_nanoton", "left out: closing gives back everything");
            }
            yield new Withdrawal.CloseChannel();
          }
          case "refund" -> {
            String to = fields.string("to", MAX_ADDRESS_CHARS);
            String reference = fields.string("reference", MAX_REFERENCE_CHARS);
            if (reference == null || !reference.matches("[!-~]{1,64}")) {
              throw fields.wrong(
                  "reference", "1 to 64 characters of ASCII that name this refund among yours");
            }
            yield new Withdrawal.Refund(amount, address("to", to == null ? "" : to), reference);
          }
          default -> throw fields.wrong("kind", "channel, close or refund");
        };
    fields.refuseUnread();
    return withdrawal;
  }

  static TonAddress address(String name, String text) {
    try {
      return TonAddress.parse(text);
    } catch (IllegalArgumentException e) {
      throw Fields.bad(name, "'%s' must be a TON address: %s.".formatted(name, e.getMessage()));
    }
  }

  // ------------------------------------------------------------------ channels

  private void open(RoutingContext ctx) {
    HttpServerRequest request = ctx.request();
    request.pause();
    BodyReader.read(vertx, request)
        .compose((Buffer body) -> channels.open(request, Fields.parse(body.getBytes())))
        .onSuccess(reply -> send(ctx, reply))
        .onFailure(fault -> callers.fail(ctx, fault));
  }

  /** Where this router settles, for GET /v1/network; null where it does not. */
  @Nullable JsonObject settlement() {
    return settlement
        .terms()
        .map(terms -> AccountJson.settlement(terms, money.places()))
        .orElse(null);
  }

  /** How an account gets so much more to spend. */
  String topUp(Account account, NanoTon missing) {
    Optional<SettlementTerms> terms = settlement.terms();
    if (terms.isEmpty()) {
      return "Ask the operator of this router to top up";
    }
    NanoTon transfer = SettlementTerms.FEES.prepay(missing);
    return "Send %s to %s with the comment '%s', or raise the voucher of your channel (POST /v1/vouchers, or the header x-cocoon-voucher)"
        .formatted(
            transfer,
            AccountJson.friendly(terms.get(), terms.get().address()),
            terms.get().comment(account.id()));
  }
}
