package org.cocoon.devnet.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.cocoon.devnet.api.Dictionary.Known;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.cell.Boc;
import org.cocoon.devnet.cell.Cell;
import org.cocoon.devnet.cell.CellBuilder;
import org.cocoon.devnet.cell.CellException;
import org.cocoon.devnet.cell.CellSlice;
import org.cocoon.devnet.chain.AccountState;
import org.cocoon.devnet.chain.Block;
import org.cocoon.devnet.chain.Chain;
import org.cocoon.devnet.chain.ChainException;
import org.cocoon.devnet.chain.ChainException.Kind;
import org.cocoon.devnet.chain.Label;
import org.cocoon.devnet.chain.Message;
import org.cocoon.devnet.chain.Transaction;
import org.cocoon.devnet.chain.TransactionRef;
import org.cocoon.devnet.tvm.GetResult;
import org.cocoon.devnet.tvm.StackCodec;
import org.cocoon.devnet.tvm.StackValue;
import org.jspecify.annotations.Nullable;

/**
 * What the explorer's page shows: decoded blocks, accounts and transactions. On the chain's thread.
 */
final class Explorer {
  private static final int MAX_BLOCKS = 50;
  private static final int MAX_ACCOUNTS = 500;
  private static final int MAX_TRANSACTIONS = 100;
  private static final int DEFAULT_TRANSACTIONS = 25;
  private static final long BOUNCED = 0xffff_ffffL;

  private final Dictionary dictionary = new Dictionary();

  /** Calls by name. */
  Map<String, Toncenter.Method> calls() {
    return Map.of(
        "blocks", (chain, view, a) -> blocks(chain, a),
        "accounts", (chain, view, a) -> accounts(chain),
        "account", (chain, view, a) -> account(chain, a),
        "transaction", (chain, view, a) -> transaction(chain, a));
  }

  private JsonNode blocks(Chain chain, Arguments a) {
    long below = a.number("below", 1, Long.MAX_VALUE, Long.MAX_VALUE);
    ArrayNode array = Shapes.JSON.createArrayNode();
    for (Block block : chain.blocks((int) a.number("limit", 1, MAX_BLOCKS, 20), below)) {
      ObjectNode node = array.addObject().put("seqno", block.seqno()).put("time", block.time());
      ArrayNode transactions = node.putArray("transactions");
      for (TransactionRef ref : block.transactions()) {
        transactions.add(summary(chain, ref));
      }
    }
    return array;
  }

  private JsonNode accounts(Chain chain) {
    ArrayNode array = Shapes.JSON.createArrayNode();
    chain.accounts().entrySet().stream()
        .sorted(
            Comparator.comparingLong(
                    (Map.Entry<Address, AccountState> entry) -> entry.getValue().lastLt())
                .reversed())
        .limit(MAX_ACCOUNTS)
        .forEach(entry -> array.add(head(chain, entry.getKey(), entry.getValue())));
    return array;
  }

  private ObjectNode head(Chain chain, Address address, AccountState state) {
    ObjectNode node = Shapes.JSON.createObjectNode();
    node.put("address", address.toString());
    node.put("friendly", address.friendly(state.status() == AccountState.Status.ACTIVE));
    node.put("name", name(chain, address));
    node.put("kind", kind(chain, address, state));
    node.put("balance", state.balance().toString());
    node.put("state", state.status().name().toLowerCase(Locale.ROOT));
    return node.put("lastLt", Long.toUnsignedString(state.lastLt()));
  }

  private static String name(Chain chain, Address address) {
    Label label = chain.labels().get(address);
    return label == null ? "" : label.name();
  }

  private String kind(Chain chain, Address address, AccountState state) {
    Known known = dictionary.known(state.code());
    Label label = chain.labels().get(address);
    if (known != null) {
      return known.kind();
    }
    return label == null ? "" : label.kind();
  }

  private JsonNode account(Chain chain, Arguments a) {
    Address address = a.address("address");
    AccountState state = chain.account(address);
    ObjectNode node = head(chain, address, state);
    Cell code = state.code();
    node.put("codeHash", code == null ? "" : code.hashHex());
    Known known = dictionary.known(code);
    if (known != null) {
      node.set("fields", fields(chain, address, state, known));
    }
    long from = a.number("fromLt", 0, Long.MAX_VALUE, Long.MAX_VALUE);
    int limit = (int) a.number("limit", 1, MAX_TRANSACTIONS, DEFAULT_TRANSACTIONS);
    ArrayNode transactions = node.putArray("transactions");
    for (TransactionRef ref : chain.transactions(address, from, limit)) {
      transactions.add(summary(chain, ref));
    }
    return node;
  }

  private static ArrayNode fields(Chain chain, Address address, AccountState state, Known known) {
    ArrayNode array = Shapes.JSON.createArrayNode();
    String none = Boc.base64(StackCodec.write(List.of()));
    GetResult result = chain.get(address, state, Toncenter.methodId(known.method()), none);
    if (result.exitCode() != 0) {
      return array;
    }
    List<StackValue> values = StackCodec.read(Boc.parse(result.stack()));
    for (int i = 0; i < Math.min(values.size(), known.fields().size()); i++) {
      Dictionary.Field field = known.fields().get(i);
      ObjectNode node = array.addObject().put("name", field.name()).put("type", field.type());
      String value =
          switch (values.get(i)) {
            case StackValue.Int(BigInteger number) -> number.toString();
            case StackValue.Null ignored -> "";
            case StackValue.NotANumber ignored -> "NaN";
            case StackValue.OfSlice(Cell cell) -> addressIn(cell);
            case StackValue.OfCell(Cell cell) -> snake(cell);
            case StackValue.OfBuilder(Cell cell) -> cell.hashHex();
            case StackValue.Tuple(List<StackValue> items) -> items.size() + " values";
          };
      node.put("value", value);
      if (field.name().equals("status")) {
        node.put("word", known.statuses().getOrDefault(Integer.valueOf(value), value));
      }
    }
    return array;
  }

  private static String addressIn(Cell cell) {
    try {
      Address address = cell.slice().address();
      return address == null ? "" : address.toString();
    } catch (CellException e) {
      return cell.hashHex();
    }
  }

  /** The text of a document in snake cells, or the cell's hash if it is none. */
  private static String snake(Cell cell) {
    Cell comment = new CellBuilder().number(0, 32).ref(cell).build();
    String text = Shapes.comment(comment);
    return text == null ? cell.hashHex() : text;
  }

  private ObjectNode summary(Chain chain, TransactionRef ref) {
    return summary(chain, chain.read(ref), ref.seqno());
  }

  private ObjectNode summary(Chain chain, Transaction tx, long seqno) {
    Transaction.Outcome outcome = tx.outcome();
    ObjectNode node = Shapes.JSON.createObjectNode();
    node.put("hash", tx.cell().hashHex());
    node.put("lt", Long.toUnsignedString(tx.lt()));
    node.put("seqno", seqno);
    node.put("time", tx.now());
    node.put("account", tx.account().toString());
    node.put("name", name(chain, tx.account()));
    node.put("kind", kind(chain, tx.account(), chain.account(tx.account())));
    node.put("fees", tx.totalFees().toString());
    node.put("gasUsed", outcome.gasUsed());
    node.put("ok", outcome.succeeded());
    String skipped = outcome.skipped();
    boolean plain = skipped != null && skipped.equals("no state");
    boolean actionFailed = outcome.exitCode() == 0 && outcome.actionCode() != 0;
    int code = actionFailed ? outcome.actionCode() : outcome.exitCode();
    node.put("exitCode", code);
    node.put("plain", plain);
    node.put("meaning", skipped == null ? dictionary.meaning(code) : skipped);
    Message incoming = tx.incoming();
    if (incoming != null) {
      node.set("in", message(chain, incoming));
    }
    ArrayNode out = node.putArray("out");
    tx.outgoing().forEach(message -> out.add(message(chain, message)));
    return node;
  }

  private ObjectNode message(Chain chain, Message message) {
    ObjectNode node = Shapes.JSON.createObjectNode();
    Address source = message.source();
    Address destination = message.destination();
    node.put("external", message.kind() != Message.Kind.INTERNAL);
    node.put("from", source == null ? "" : source.toString());
    node.put("to", destination == null ? "" : destination.toString());
    node.put("fromName", source == null ? "" : name(chain, source));
    node.put("toName", destination == null ? "" : name(chain, destination));
    node.put("value", message.value().toString());
    node.put("bounced", message.bounced());
    node.put("forwardFee", message.forwardFee().toString());
    node.put("createdLt", Long.toUnsignedString(message.createdLt()));
    node.put("hash", message.cell().hashHex());
    long op = message.op();
    node.put("op", op < 0 ? "" : "0x%08x".formatted(op));
    node.put("word", word(message, op));
    String comment = Shapes.comment(message.body());
    return node.put("comment", comment == null ? "" : comment);
  }

  private String word(Message message, long op) {
    if (message.kind() != Message.Kind.INTERNAL) {
      return "external";
    }
    if (op < 0) {
      return "transfer";
    }
    String known = dictionary.operation(op);
    if (op == BOUNCED) {
      CellSlice body = message.body().slice().skip(32);
      String inner = body.bitsLeft() < 32 ? null : dictionary.operation(body.number(32));
      return inner == null ? "bounced" : inner + ", bounced";
    }
    return known == null ? "" : known;
  }

  private JsonNode transaction(Chain chain, Arguments a) {
    TransactionRef ref = chain.find(a.hash("hash"));
    if (ref == null) {
      throw new ChainException(Kind.MISSING, "there is no such transaction");
    }
    Transaction tx = chain.read(ref);
    ObjectNode node = summary(chain, tx, ref.seqno());
    node.put("storageFee", tx.outcome().storageFee().toString());
    node.put("gasFee", tx.outcome().gasFee().toString());
    node.put("forwardFee", tx.outcome().forwardFee().toString());
    node.put("previousLt", Long.toUnsignedString(tx.previousLt()));
    Message incoming = tx.incoming();
    if (incoming != null && incoming.source() != null) {
      TransactionRef parent = Toncenter.sender(chain, incoming.source(), incoming.createdLt());
      link(node.path("in"), parent);
    }
    for (int i = 0; i < tx.outgoing().size(); i++) {
      Message message = tx.outgoing().get(i);
      Address to = message.destination();
      if (to != null) {
        TransactionRef child = Toncenter.receiver(chain, tx.account(), to, message.createdLt());
        link(node.path("out").path(i), child);
      }
    }
    return node.put("data", Shapes.base64(chain.boc(ref)));
  }

  private static void link(JsonNode message, @Nullable TransactionRef other) {
    if (other != null && message instanceof ObjectNode node) {
      node.put("transaction", other.hash());
    }
  }
}
