package org.cocoon.devnet.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.chain.Chain;
import org.cocoon.devnet.chain.FaultRule;
import org.cocoon.devnet.chain.Label;

/** What only a devnet can do: give, let time pass, go wrong on demand. On the chain's thread. */
final class Controls {
  private static final long MAX_DELAY_SECONDS = 365 * 86_400L;
  private static final long MAX_DELAY_BLOCKS = 1_000_000;

  private Controls() {}

  /** Calls that change something, by name. */
  static final Map<String, Toncenter.Method> POSTS =
      Map.of(
          "faucet", (chain, view, a) -> faucet(chain, a),
          "time", (chain, view, a) -> time(chain, a),
          "faults", (chain, view, a) -> setFaults(chain, a),
          "freeze", (chain, view, a) -> freeze(chain, a),
          "label", (chain, view, a) -> label(chain, a));

  /** Calls that read, by name. */
  static final Map<String, Toncenter.Method> GETS =
      Map.of(
          "status", (chain, view, a) -> status(chain),
          "faults", (chain, view, a) -> faults(chain));

  private static JsonNode faucet(Chain chain, Arguments a) {
    Address address = a.address("address");
    chain.give(address, a.amount("amount"));
    return Shapes.JSON
        .createObjectNode()
        .put("address", address.toString())
        .put("balance", chain.account(address).balance().toString())
        .put("seqno", chain.head().seqno());
  }

  private static JsonNode time(Chain chain, Arguments a) {
    chain.advance(a.number("advanceSeconds", 1, Chain.MAX_ADVANCE_SECONDS));
    return status(chain);
  }

  private static JsonNode freeze(Chain chain, Arguments a) {
    if (!a.json().path("frozen").isBoolean()) {
      throw Arguments.wrong("'frozen' is true or false");
    }
    chain.freeze(a.flag("frozen"));
    return status(chain);
  }

  private static JsonNode label(Chain chain, Arguments a) {
    Address address = a.address("address");
    chain.label(address, new Label(a.text("name"), a.has("kind") ? a.text("kind") : ""));
    return Shapes.JSON.createObjectNode().put("address", address.toString());
  }

  private static JsonNode status(Chain chain) {
    return Shapes.JSON
        .createObjectNode()
        .put("simulated", true)
        .put("network", Chain.NETWORK)
        .put("seqno", chain.head().seqno())
        .put("blockTime", chain.head().time())
        .put("now", chain.now())
        .put("offsetSeconds", chain.offsetSeconds())
        .put("frozen", chain.frozen())
        .put("faucet", chain.faucetAddress().friendly(true))
        .put("accounts", chain.accounts().size())
        .put("transactions", chain.transactionCount())
        .put("pending", chain.pendingCount())
        .put("faults", chain.faultRules().size());
  }

  private static JsonNode faults(Chain chain) {
    ObjectNode node = Shapes.JSON.createObjectNode();
    ArrayNode rules = node.putArray("rules");
    for (FaultRule rule : chain.faultRules()) {
      ObjectNode entry = rules.addObject();
      entry.put("where", rule.where().name().toLowerCase(Locale.ROOT));
      entry.put("effect", rule.effect().kind().name().toLowerCase(Locale.ROOT));
      Address destination = rule.destination();
      if (destination != null) {
        entry.put("destination", destination.toString());
      }
      entry.put("probability", rule.probability());
      entry.put("count", rule.count());
      if (rule.effect().kind() == FaultRule.Effect.Kind.DELAY) {
        entry.put("delaySeconds", rule.effect().seconds());
        entry.put("delayBlocks", rule.effect().blocks());
      }
      if (rule.untilSeconds() != Long.MAX_VALUE) {
        entry.put("until", rule.untilSeconds());
      }
    }
    return node;
  }

  private static JsonNode setFaults(Chain chain, Arguments a) {
    JsonNode wanted = a.json().path("rules");
    if (!wanted.isArray()) {
      throw Arguments.wrong("'rules' is a list, empty to stop all faults");
    }
    List<FaultRule> rules = new ArrayList<>();
    for (JsonNode rule : wanted) {
      rules.add(rule(new Arguments(rule), chain.now()));
    }
    chain.setFaults(rules, a.number("seed", Long.MIN_VALUE, Long.MAX_VALUE, 0));
    return faults(chain);
  }

  private static FaultRule rule(Arguments a, long now) {
    FaultRule.Effect effect =
        new FaultRule.Effect(
            constant(FaultRule.Effect.Kind.class, a.text("effect"), "effect"),
            a.number("delaySeconds", 0, MAX_DELAY_SECONDS, 0),
            a.number("delayBlocks", 0, MAX_DELAY_BLOCKS, 0));
    long seconds = a.number("seconds", 1, MAX_DELAY_SECONDS, 0);
    return new FaultRule(
        constant(FaultRule.Where.class, a.text("where"), "where"),
        effect,
        a.has("destination") ? a.address("destination") : null,
        a.fraction("probability", 1),
        (int) a.number("count", 0, Integer.MAX_VALUE, 0),
        seconds == 0 ? Long.MAX_VALUE : now + seconds);
  }

  private static <E extends Enum<E>> E constant(Class<E> type, String text, String name) {
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equalsIgnoreCase(text)) {
        return constant;
      }
    }
    throw Arguments.wrong(
        "'"
            + name
            + "' is one of "
            + Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT));
  }
}
