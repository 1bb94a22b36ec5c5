package org.cocoon.client.attested;

import io.vertx.core.Future;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import org.cocoon.client.Json;
import org.cocoon.client.pay.OverBudgetException;
import org.cocoon.client.pay.Payment;
import org.cocoon.client.pay.PriceList;
import org.cocoon.client.pay.ReceiptRules;
import org.cocoon.client.pay.ReceiptVerdict;
import org.cocoon.client.pay.ReceiptVerdict.Reason;
import org.cocoon.client.pay.RouterTerms;
import org.cocoon.client.pay.VoucherBook;
import org.cocoon.client.pay.VoucherBook.Promised;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.link.openai.ParsedRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pays for sealed requests: a fresh voucher before each one, its receipt judged after it. A router
 * whose receipt does not hold is named, and gets no more requests.
 *
 * <p>Belongs to the session's event loop; the disk and signatures are seen to aside. Prices and
 * what the channel owes are asked of the router over the attested connection, the prices again each
 * minute.
 */
final class Till {
  private static final Logger log = LoggerFactory.getLogger(Till.class);
  private static final Duration PRICES_LAST = Duration.ofMinutes(1);

  private final SealedSession session;
  private final Optional<Payment> payment;
  private final InstantSource clock;
  private @Nullable Future<Purse> purse;
  private @Nullable PriceList prices;
  private Instant pricesAt = Instant.EPOCH;
  private boolean unsure;
  private Optional<Failure> distrust = Optional.empty();
  private String lastReceipt = "";

  /** The channel that pays, and its book. */
  private record Purse(RouterTerms terms, VoucherBook book) {}

  Till(SealedSession session, Optional<Payment> payment, InstantSource clock) {
    this.session = session;
    this.payment = payment;
    this.clock = clock;
  }

  /** Why this router gets no more requests; empty while it may. */
  Optional<Failure> distrust() {
    return distrust;
  }

  /** The last receipt that held, in the form of routers; empty before the first. */
  String lastReceipt() {
    return lastReceipt;
  }

  // ------------------------------------------------------------------ before

  /**
   * Signs for one request. It is to be given back by {@link #judge} or {@link #giveBack}.
   *
   * @param promptBytes of what is sent
   */
  Future<Ticket> ticket(ParsedRequest request, int promptBytes, Optional<String> key) {
    if (payment.isEmpty()) {
      return Future.succeededFuture(
          new Ticket(Optional.empty(), request.maxCoefficient(), ReceiptRules.NONE));
    }
    return purse(key)
        .compose(open -> unsure ? owed(open, key).map(open) : Future.succeededFuture(open))
        .compose(open -> prices().compose(list -> signed(open, list, request, promptBytes)));
  }

  private Future<Ticket> signed(
      Purse open, PriceList list, ParsedRequest request, int promptBytes) {
    String model = request.run().getModel();
    int dearest = list.of(model).maxCoefficient();
    int coefficient =
        dearest == 0 ? request.maxCoefficient() : Math.min(request.maxCoefficient(), dearest);
    ReceiptRules rules = open.terms.receiptRules().withPrice(list.of(model).price(), coefficient);
    return session.aside(
        () -> {
          try {
            NanoTon most = list.atMost(model, promptBytes, 1, request.maxTokens(), coefficient);
            return new Ticket(Optional.of(open.book.promise(most)), coefficient, rules);
          } catch (OverBudgetException e) {
            throw new SealedException(budget(String.valueOf(e.getMessage())));
          } catch (IllegalArgumentException e) {
            throw new SealedException(unpriced(String.valueOf(e.getMessage())));
          }
        });
  }

  private static Failure budget(String sentence) {
    return new Failure(402, "insufficient_quota", sentence, null, "over_budget", false, 0);
  }

  private static Failure unpriced(String sentence) {
    return new Failure(
        400, "invalid_request_error", sentence, "max_tokens", "invalid_request", false, 0);
  }

  private Future<PriceList> prices() {
    PriceList known = prices;
    if (known != null && clock.instant().isBefore(pricesAt.plus(PRICES_LAST))) {
      return Future.succeededFuture(known);
    }
    return freshPrices();
  }

  private Future<PriceList> freshPrices() {
    return asked("/v1/prices", Optional.empty())
        .map(
            json -> {
              try {
                PriceList list = PriceList.of(json);
                prices = list;
                pricesAt = clock.instant();
                return list;
              } catch (IllegalArgumentException e) {
                throw new SealedException(Failure.notUnderstood("its prices: " + e.getMessage()));
              }
            });
  }

  /** Opened once; a failure is forgotten, so that the next request tries again. */
  private Future<Purse> purse(Optional<String> key) {
    Future<Purse> known = purse;
    if (known != null && !known.failed()) {
      return known;
    }
    Future<Purse> opening =
        asked("/v1/network", Optional.empty())
            .compose(
                network ->
                    asked("/v1/account", key)
                        .compose(account -> session.aside(() -> open(network, account))));
    purse = opening;
    return opening;
  }

  private Purse open(Json network, Json account) throws IOException {
    Payment paid = payment.orElseThrow();
    ReceiptKey key = ReceiptKey.load(paid.voucherKey());
    try {
      RouterTerms terms =
          RouterTerms.of(network)
              .orElseThrow(() -> new SealedException(unpayable("it settles on no chain")));
      Json channel = account.at("channel");
      if (!channel.isPresent()) {
        throw new SealedException(
            unpayable("this API key's account has no channel: `cocoon deposit` opens one"));
      }
      if (!channel.at("voucher_key").text("").equals(HexFormat.of().formatHex(key.publicKey()))) {
        throw new SealedException(
            unpayable("the account's channel has another voucher key than " + paid.voucherKey()));
      }
      TonAddress address =
          ChannelContract.address(
              terms.channel(TonAddress.parse(channel.at("owner").text("")), key.publicKey()));
      if (!address.equals(TonAddress.parse(channel.at("address").text("")))) {
        throw new SealedException(unpayable("it names another channel than owner and key make"));
      }
      long life = Math.min(terms.maxVoucherSeconds() * 3 / 4, 8 * terms.voucherMarginSeconds());
      VoucherBook book =
          VoucherBook.open(
              paid.voucherKey(),
              key,
              terms.networkId(),
              address,
              paid.budget(),
              Math.max(life, 2 * terms.voucherMarginSeconds() + 1),
              clock);
      book.owed(due(account));
      return new Purse(terms, book);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new SealedException(unpayable(String.valueOf(e.getMessage())));
    }
  }

  private static NanoTon due(Json account) {
    return new NanoTon(Math.max(0, account.at("channel").at("due_nanoton").number(0)));
  }

  private Failure unpayable(String why) {
    return new Failure(
        402,
        "insufficient_quota",
        "The router %s cannot be paid by vouchers: %s.".formatted(session.address(), why),
        null,
        "not_payable",
        false,
        0);
  }

  /** Learns what the router was owed for requests of which nobody heard the end. */
  Future<Void> owed(Optional<String> key) {
    return payment.isEmpty()
        ? Future.succeededFuture()
        : purse(key).compose(open -> owed(open, key));
  }

  private Future<Void> owed(Purse open, Optional<String> key) {
    return asked("/v1/account", key)
        .compose(
            account ->
                session.<Void>aside(
                    () -> {
                      open.book.owed(due(account));
                      return null;
                    }))
        .onSuccess(_ -> unsure = false);
  }

  private Future<Json> asked(String path, Optional<String> key) {
    return session
        .get(path, key)
        .map(
            reply -> {
              if (!reply.ok()) {
                throw new SealedException(reply.failure());
              }
              try {
                byte[] body = reply.body().getBytes();
                return Json.parse(body, body.length);
              } catch (IOException e) {
                throw new SealedException(Failure.notUnderstood(path + " is no JSON"));
              }
            });
  }

  // ------------------------------------------------------------------ after

  /**
   * A request is over, and nobody heard what it cost.
   *
   * @param begun whether it may have cost something
   */
  void giveBack(Ticket ticket, boolean begun) {
    unsure |= begun;
    settle(ticket, NanoTon.ZERO, "");
  }

  /**
   * Judges the receipt of a request.
   *
   * @param text as it came; empty if none did
   * @param requestId as the router named the request
   * @param tokens that came
   * @return what is wrong, in a sentence; empty if it holds, or if there is none and nothing is
   *     paid
   */
  Future<Optional<String>> judge(Ticket ticket, String text, String requestId, long tokens) {
    if (text.isEmpty() && payment.isEmpty()) {
      return Future.succeededFuture(Optional.empty());
    }
    ReceiptRules rules;
    try {
      rules = ticket.rules().withRequest(UUID.fromString(requestId), tokens);
    } catch (IllegalArgumentException e) {
      return Future.succeededFuture(
          Optional.of(refuse("it gave the request no id", Reason.OTHER_REQUEST, text)));
    }
    return session
        .aside(() -> rules.judge(text))
        .compose(verdict -> again(verdict, rules, ticket, text))
        .map(
            verdict ->
                switch (verdict) {
                  case ReceiptVerdict.Holds(var receipt) -> {
                    lastReceipt = text;
                    settle(ticket, receipt.terms().cost(), text);
                    yield beyond(ticket, receipt.terms().cost(), text);
                  }
                  case ReceiptVerdict.Refused(Reason reason, String sentence) -> {
                    giveBack(ticket, true);
                    yield Optional.of(refuse(sentence, reason, text));
                  }
                });
  }

  /** A price may have changed between the list and the request. */
  private Future<ReceiptVerdict> again(
      ReceiptVerdict verdict, ReceiptRules rules, Ticket ticket, String text) {
    if (ticket.promised().isEmpty()
        || !(verdict instanceof ReceiptVerdict.Refused(Reason reason, String sentence))
        || reason != Reason.OTHER_PRICE) {
      return Future.succeededFuture(verdict);
    }
    return ReceiptRules.model(text)
        .map(
            model ->
                freshPrices()
                    .compose(
                        list ->
                            session.aside(
                                () ->
                                    rules
                                        .withPrice(list.of(model).price(), ticket.maxCoefficient())
                                        .judge(text))))
        .orElse(Future.succeededFuture(verdict));
  }

  private Optional<String> beyond(Ticket ticket, NanoTon cost, String text) {
    return ticket
        .promised()
        .filter(promised -> cost.compareTo(promised.most()) > 0)
        .map(
            promised ->
                refuse(
                    "It charges %s, and the request could cost %s at most."
                        .formatted(cost, promised.most()),
                    Reason.OVERCHARGED,
                    text));
  }

  private String refuse(String sentence, Reason reason, String text) {
    String named =
        "The router %s gave a receipt that does not hold: %s"
            .formatted(session.address(), sentence);
    log.error(
        "event=receipt_refused router={} reason={} detail=\"{}\" receipt={}",
        session.address(),
        reason,
        sentence,
        text);
    distrust =
        Optional.of(
            new Failure(
                502,
                Failure.ROUTER_OVERCHARGES,
                named + " It gets no more requests; use another router, and keep the receipt.",
                null,
                reason.name(),
                false,
                0));
    return named;
  }

  private void settle(Ticket ticket, NanoTon cost, String receipt) {
    Future<Purse> open = purse;
    if (ticket.promised().isEmpty() || open == null || !open.succeeded()) {
      return;
    }
    VoucherBook book = open.result().book;
    Promised promised = ticket.promised().get();
    session
        .<Void>aside(
            () -> {
              book.settle(promised, cost, receipt);
              return null;
            })
        .onFailure(fault -> log.error("event=voucher_book_failed", fault));
  }
}
