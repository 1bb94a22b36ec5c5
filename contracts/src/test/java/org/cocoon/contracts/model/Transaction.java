package org.cocoon.contracts.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.cocoon.contracts.TonAddress;

/**
 * What the TVM did with one message.
 *
 * @param skipped why nothing ran; empty: it ran
 * @param dueFee for storage, taken from the message's value
 * @param forwardFees of what was sent, that its way costs later
 * @param bounce how the message came back; empty: it did not
 * @param state of the account afterwards
 */
record Transaction(
    String skipped,
    int exit,
    boolean aborted,
    int actionExit,
    int skippedActions,
    BigInteger gasFee,
    BigInteger storageFee,
    BigInteger dueFee,
    BigInteger sendFees,
    String bounce,
    BigInteger bounceFees,
    BigInteger fees,
    BigInteger forwardFees,
    BigInteger before,
    BigInteger after,
    List<Message> out,
    JsonNode state) {
  private static final int OUT_OF_GAS = -14;

  static Transaction of(JsonNode json) {
    List<Message> out = new ArrayList<>();
    BigInteger forwardFees = BigInteger.ZERO;
    for (JsonNode sent : json.get("out")) {
      out.add(message(sent));
      forwardFees = forwardFees.add(amount(sent, "forwardFee"));
    }
    return new Transaction(
        json.get("skipped").asText("").replace("null", ""),
        json.get("exit").asInt(),
        json.get("aborted").asBoolean(),
        json.get("actionExit").asInt(),
        json.get("skippedActions").asInt(),
        amount(json, "gasFee"),
        amount(json, "storageFee"),
        amount(json, "dueFee"),
        amount(json, "sendFees"),
        json.get("bounce").asText("").replace("null", ""),
        amount(json, "bounceFees"),
        amount(json, "fees"),
        forwardFees,
        amount(json, "before"),
        amount(json, "after"),
        out,
        json.get("state"));
  }

  boolean ranOutOfGas() {
    return skipped.equals("no-gas") || exit == OUT_OF_GAS;
  }

  boolean isActive() {
    return state.get("status").asText().equals("active");
  }

  private static BigInteger amount(JsonNode json, String field) {
    return json.has(field) ? new BigInteger(json.get(field).asText()) : BigInteger.ZERO;
  }

  private static Message message(JsonNode json) {
    boolean bounced = json.get("bounced").asBoolean();
    String kind = json.get("kind").asText();
    return new Message(
        json.get("id").asInt(),
        TonAddress.parse(json.get("from").asText()),
        TonAddress.parse(json.get("to").asText()),
        amount(json, "value"),
        json.get("bounce").asBoolean(),
        bounced,
        amount(json, "query"),
        bounced ? new Body.Bounced(kind, amount(json, "amount")) : body(kind, json));
  }

  private static Body body(String kind, JsonNode json) {
    return switch (kind) {
      case "paidBack" -> new Body.PaidBack(amount(json, "amount"));
      case "collect" -> new Body.Collect(amount(json, "amount"));
      case "stakeBack" -> new Body.StakeBack(amount(json, "amount"));
      case "fine" -> new Body.Fine(amount(json, "amount"));
      case "earned" -> new Body.Earned(amount(json, "epoch"));
      case "excesses" -> new Body.Excesses();
      case "routerClose" -> new Body.RouterClose();
      case "registered" -> new Body.Registered();
      case "register" ->
          new Body.Register(
              TonAddress.parse(json.get("owner").asText()), json.get("voucherKey").asText());
      case "unregister" ->
          new Body.Unregister(
              TonAddress.parse(json.get("owner").asText()), json.get("voucherKey").asText());
      default -> new Body.Strange(kind);
    };
  }
}
