package org.cocoon.router.edge;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ContractCode;
import org.cocoon.router.ledger.AccountBook.Spent;
import org.cocoon.router.ledger.Accounts;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.settlement.AccountView;
import org.cocoon.router.settlement.PayeeView;
import org.cocoon.router.settlement.SettlementTerms;
import org.cocoon.router.settlement.WithdrawalOutcome;

/** Accounts, channels and settlement as JSON; amounts are nanoTON. */
final class AccountJson {
  private static final int MAIN_NETWORK = -239;
  private static final HexFormat HEX = HexFormat.of();

  private AccountJson() {}

  /** Body of GET /v1/account. */
  static JsonObject account(Account account, Accounts.Standing standing, AccountView view) {
    JsonObject json =
        new JsonObject()
            .put("account", account.id())
            .put("name", account.name())
            .put("key_id", account.keyId())
            .put("balance_nanoton", standing.balance().nanos())
            .put("deposited_nanoton", standing.deposited().nanos())
            .put("used_nanoton", standing.used().nanos())
            .put("withdrawn_nanoton", standing.withdrawn().nanos())
            .put("leased_nanoton", standing.leased().nanos())
            .put("prepaid_nanoton", view.prepaid().nanos())
            .put("refundable_nanoton", view.refundable().nanos());
    view.terms().ifPresent(terms -> json.put("prepay", prepay(terms, view)));
    json.putNull("channel");
    view.terms()
        .ifPresent(
            terms ->
                view.channel().ifPresent(channel -> json.put("channel", channel(terms, channel))));
    return json;
  }

  private static JsonObject prepay(SettlementTerms terms, AccountView view) {
    String address = friendly(terms, terms.address());
    return new JsonObject()
        .put("address", address)
        .put("comment", view.comment())
        .put("minimum_nanoton", view.minimumPrepayment().nanos())
        .put("fee_nanoton", terms.prepaymentFee().nanos())
        .put(
            "link",
            "ton://transfer/%s?text=%s"
                .formatted(address, URLEncoder.encode(view.comment(), StandardCharsets.UTF_8)));
  }

  static JsonObject channel(SettlementTerms terms, AccountView.Channel channel) {
    JsonObject json =
        new JsonObject()
            .put("address", friendly(terms, channel.address()))
            .put("owner", friendly(terms, channel.owner()))
            .put("voucher_key", HEX.formatHex(channel.voucherKey()))
            .put("status", channel.status().name().toLowerCase(Locale.ROOT))
            .put("deposited_nanoton", channel.deposited().nanos())
            .put("claimed_nanoton", channel.claimed().nanos())
            .put("withdrawn_nanoton", channel.withdrawn().nanos())
            .put("pending_nanoton", channel.pending().nanos())
            .put("unlock_at", channel.unlockAt())
            .put("ceiling_nanoton", channel.ceiling().nanos())
            .put("voucher_expires", channel.voucherExpires())
            .put("credit_nanoton", channel.credit().nanos())
            .put("due_nanoton", channel.due().nanos())
            .put("withdrawable_nanoton", channel.withdrawable().nanos());
    channel.withdrawal().ifPresent(outcome -> json.put("withdrawal", withdrawal(outcome)));
    return json;
  }

  /** How far a withdrawal is. */
  static JsonObject withdrawal(WithdrawalOutcome outcome) {
    return switch (outcome) {
      case WithdrawalOutcome.Claiming claiming ->
          new JsonObject()
              .put("state", "claiming")
              .put("amount_nanoton", claiming.amount().nanos());
      case WithdrawalOutcome.Released released ->
          new JsonObject()
              .put("state", "released")
              .put("amount_nanoton", released.amount().nanos())
              .put("release", released.release().toText())
              .put("closes", released.release().closes())
              .put("expires", released.release().expires())
              .put("value_nanoton", released.value().nanos());
      case WithdrawalOutcome.Refunded refunded ->
          new JsonObject()
              .put("state", "refunded")
              .put("amount_nanoton", refunded.amount().nanos())
              .put("next_epoch", refunded.nextEpochSeconds());
      case WithdrawalOutcome.Refused refused ->
          new JsonObject().put("state", "refused").put("message", refused.sentence());
    };
  }

  /** Where this router settles, as GET /v1/network tells it. */
  static JsonObject settlement(SettlementTerms terms, ChainPlaces places) {
    JsonArray endpoints = new JsonArray();
    places.endpoints().forEach(endpoint -> endpoints.add(endpoint.toString()));
    return new JsonObject()
        .put("network_id", terms.networkId())
        .put("settlement", terms.address().toString())
        .put("registry", terms.contract().registry().toString())
        .put("owner", terms.contract().owner().toString())
        .put("router_key", HEX.formatHex(terms.contract().routerKey()))
        .put("delay_seconds", terms.contract().delaySeconds())
        .put("min_stake_nanoton", terms.contract().minStake().nanos())
        .put("fee_permille", terms.feePermille())
        .put("voucher_margin_seconds", terms.voucherMarginSeconds())
        .put("max_voucher_seconds", terms.maxVoucherSeconds())
        .put("settlement_code_hash", HEX.formatHex(ContractCode.SETTLEMENT.hash()))
        .put("channel_code_hash", HEX.formatHex(ContractCode.CHANNEL.hash()))
        .put("chain", endpoints)
        .put("explorer_address", places.explorerAddress())
        .put("explorer_transaction", places.explorerTransaction());
  }

  /** Body of GET /v1/earnings/ADDRESS. */
  static JsonObject payee(TonAddress address, PayeeView view) {
    JsonArray payouts = new JsonArray();
    for (PayeeView.Payment payment : view.payouts()) {
      payouts.add(
          new JsonObject()
              .put("amount_nanoton", payment.amount().nanos())
              .put("epoch", payment.epoch())
              .put("seconds", payment.seconds())
              .put("transaction", payment.transaction())
              .put("lt", Long.toString(payment.lt())));
    }
    return new JsonObject()
        .put("payee", address.toString())
        .put("earned_nanoton", view.earned().nanos())
        .put("committed_nanoton", view.committed().nanos())
        .put("paid_nanoton", view.paid().nanos())
        .put("epoch", view.epoch())
        .put("next_epoch", view.nextEpochSeconds())
        .put("payouts", payouts);
  }

  /** Rows of GET /v1/account/usage. */
  static JsonArray spent(List<Spent> rows) {
    JsonArray data = new JsonArray();
    for (Spent row : rows) {
      data.add(
          new JsonObject()
              .put("key_id", row.keyId())
              .put("key_name", row.keyName())
              .put("model", row.model())
              .put("day", row.day())
              .put("requests", row.requests())
              .put("prompt_tokens", row.promptTokens())
              .put("cached_prompt_tokens", row.cachedPromptTokens())
              .put("completion_tokens", row.completionTokens())
              .put("reasoning_tokens", row.reasoningTokens())
              .put("cost_nanoton", row.cost().nanos()));
    }
    return data;
  }

  /** Rows of GET /v1/account/keys: never a key, nor its hash. */
  static JsonArray keys(List<Accounts.Key> keys) {
    JsonArray data = new JsonArray();
    for (Accounts.Key key : keys) {
      data.add(
          new JsonObject()
              .put("id", key.id())
              .put("name", key.name())
              .put("created", key.created().toString())
              .put("revoked", key.revoked()));
    }
    return data;
  }

  /** As wallets show it: bounceable, and not for the main network elsewhere. */
  static String friendly(SettlementTerms terms, TonAddress address) {
    return address.toFriendly(true, terms.networkId() != MAIN_NETWORK);
  }
}
