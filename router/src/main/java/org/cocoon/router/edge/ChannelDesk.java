package org.cocoon.router.edge;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import org.cocoon.contracts.KeyGrant;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.link.openai.Fields;
import org.cocoon.router.edge.AccountEdge.Reply;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.request.Refusal;
import org.cocoon.router.request.Refusal.Kind;
import org.cocoon.router.settlement.AccountView;
import org.cocoon.router.settlement.ChannelOutcome;
import org.cocoon.router.settlement.SettlementRefusal;
import org.cocoon.router.settlement.SettlementTerms;
import org.jspecify.annotations.Nullable;

/**
 * Opens accounts by channels: whoever holds a channel's voucher key may grant API keys that spend
 * its credit, and needs nobody's leave. Belongs to the event loop; signatures are checked aside.
 *
 * <p>All of it may be sent again, by anybody: nothing changes then, and the answer says how far the
 * chain is.
 */
final class ChannelDesk {
  /** Accounts that may be opened at once, and in each second after that. */
  private static final int BURST = 200;

  private static final int PER_SECOND = 20;
  private static final String ACCOUNT = "channel:";

  private final Vertx vertx;
  private final Callers callers;
  private final Money money;
  private double tokens = BURST;
  private long tokensAtMillis;

  ChannelDesk(Vertx vertx, Callers callers, Money money) {
    this.vertx = vertx;
    this.callers = callers;
    this.money = money;
    this.tokensAtMillis = money.clock().millis();
  }

  /** What was asked, after its form was checked. */
  private record Asked(
      TonAddress owner, byte[] voucherKey, Voucher voucher, KeyGrant grant, String name) {}

  /** Opens an account, or says how far it is. */
  Future<Reply> open(HttpServerRequest request, Fields fields) {
    Optional<SettlementTerms> terms = money.settlement().terms();
    if (terms.isEmpty()) {
      return Future.failedFuture(
          new RefusedException(
              Refusal.of(
                  Kind.NO_SETTLEMENT,
                  "This router does not settle on a chain; ask its operator for an account.")));
    }
    Asked asked = parse(fields);
    boolean known = request.getHeader("authorization") != null;
    long now = money.clock().instant().getEpochSecond();
    return vertx
        .executeBlocking(() -> checked(asked, terms.get(), now), false)
        .compose(channel -> known ? ownAccount(request, asked) : account(channel))
        .compose(account -> opened(account, asked, terms.get()));
  }

  private static Asked parse(Fields fields) {
    String owner = fields.string("owner", AccountEdge.MAX_ADDRESS_CHARS);
    String voucherKey = fields.string("voucher_key", 64);
    String voucher = fields.string("voucher", VoucherDesk.MAX_CHARS);
    String grant = fields.string("key_grant", VoucherDesk.MAX_CHARS);
    String name = AccountEdge.name(fields);
    fields.refuseUnread();
    return new Asked(
        AccountEdge.address("owner", owner == null ? "" : owner),
        key(fields, voucherKey),
        voucher(fields, voucher),
        grant(fields, grant),
        name);
  }

  private static byte[] key(Fields fields, @Nullable String text) {
    if (text == null || !text.matches("[0-9a-fA-F]{64}")) {
      throw fields.wrong("voucher_key", "an Ed25519 public key, 64 hexadecimal digits");
    }
    return HexFormat.of().parseHex(text);
  }

  private static Voucher voucher(Fields fields, @Nullable String text) {
    try {
      return Voucher.parse(text == null ? "" : text);
    } catch (IllegalArgumentException e) {
      throw fields.wrong("voucher", "the channel's first voucher: " + e.getMessage());
    }
  }

  private static KeyGrant grant(Fields fields, @Nullable String text) {
    try {
      return KeyGrant.parse(text == null ? "" : text);
    } catch (IllegalArgumentException e) {
      throw fields.wrong("key_grant", "a grant for an API key: " + e.getMessage());
    }
  }

  /** The channel's address, where both statements are its own; blocks for some 300 us. */
  private static TonAddress checked(Asked asked, SettlementTerms terms, long now) {
    TonAddress channel = terms.channel(asked.owner, asked.voucherKey);
    KeyGrant grant = asked.grant;
    if (grant.networkId() != terms.networkId()) {
      throw worthless(
          "key_grant",
          "is for network %d, and this router settles on %d"
              .formatted(grant.networkId(), terms.networkId()));
    }
    if (!grant.contract().equals(channel)) {
      throw worthless(
          "key_grant",
          "is for the channel %s, and owner and voucher_key make %s"
              .formatted(grant.contract(), channel));
    }
    if (!grant.isFor(terms.networkId(), channel, now)) {
      throw worthless(
          "key_grant",
          "must end within %d seconds from now; it is %d here"
              .formatted(KeyGrant.MAX_SECONDS, now));
    }
    if (!grant.isSignedBy(asked.voucherKey)) {
      throw worthless("key_grant", "is not signed by voucher_key");
    }
    // The settlement looks closer at the voucher; nobody gets an account without one of his own.
    if (!asked.voucher.isSignedBy(asked.voucherKey)) {
      throw worthless("voucher", "is not signed by voucher_key");
    }
    return channel;
  }

  private static RefusedException worthless(String param, String what) {
    return new RefusedException(
        Refusal.ofParam(Kind.INVALID_STATEMENT, param, "'%s' %s.".formatted(param, what)));
  }

  /** Of who has an API key already: the grant must be for that very key. */
  private Future<Account> ownAccount(HttpServerRequest request, Asked asked) {
    return callers
        .authenticate(request)
        .map(
            account -> {
              String header = String.valueOf(request.getHeader("authorization"));
              byte[] hash = sha256(header.substring("Bearer ".length()).trim());
              if (!MessageDigest.isEqual(hash, asked.grant.keyHash())) {
                throw worthless("key_grant", "is for another API key than the one that asks");
              }
              return account;
            });
  }

  private Future<Account> account(TonAddress channel) {
    if (!takeToken()) {
      return Future.failedFuture(
          new RefusedException(
              Refusal.retry(
                  Kind.TOO_MANY_ACCOUNTS, 2, "Many accounts are being opened; try again soon.")));
    }
    return money.book().open(ACCOUNT + channel);
  }

  private boolean takeToken() {
    long now = money.clock().millis();
    tokens = Math.min(BURST, tokens + Math.max(0, now - tokensAtMillis) * PER_SECOND / 1000.0);
    tokensAtMillis = now;
    if (tokens < 1) {
      return false;
    }
    tokens--;
    return true;
  }

  private Future<Reply> opened(Account account, Asked asked, SettlementTerms terms) {
    return Callers.settled(
            money.settlement().openChannel(account, asked.owner, asked.voucherKey, asked.voucher))
        .compose(
            outcome ->
                switch (outcome) {
                  case ChannelOutcome.Opened opened -> granted(account, asked, terms);
                  case ChannelOutcome.Refused(SettlementRefusal reason, String sentence) ->
                      Future.failedFuture(VoucherDesk.refused(reason, "voucher", sentence));
                });
  }

  private Future<Reply> granted(Account account, Asked asked, SettlementTerms terms) {
    return money
        .book()
        .grant(account, asked.grant.keyHash(), asked.name)
        .map(outcome -> AccountEdge.made(outcome, asked.name))
        .compose(
            key ->
                Callers.settled(money.settlement().view(account))
                    .map(view -> reply(account, key, terms, view)));
  }

  private static Reply reply(
      Account account, JsonObject key, SettlementTerms terms, AccountView view) {
    JsonObject body = new JsonObject().put("account", account.id()).put("key", key);
    boolean deposited =
        view.channel().map(channel -> channel.deposited().nanos() > 0).orElse(false);
    view.channel().ifPresent(channel -> body.put("channel", AccountJson.channel(terms, channel)));
    return new Reply(body, deposited ? 0 : AccountEdge.CHAIN_SECONDS);
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
