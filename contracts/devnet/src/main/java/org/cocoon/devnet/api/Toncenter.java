package org.cocoon.devnet.api;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.cell.Boc;
import org.cocoon.devnet.cell.Cell;
import org.cocoon.devnet.cell.CellBuilder;
import org.cocoon.devnet.chain.AccountState;
import org.cocoon.devnet.chain.Block;
import org.cocoon.devnet.chain.Chain;
import org.cocoon.devnet.chain.ChainException;
import org.cocoon.devnet.chain.ChainException.Kind;
import org.cocoon.devnet.chain.Message;
import org.cocoon.devnet.chain.Transaction;
import org.cocoon.devnet.chain.TransactionRef;
import org.cocoon.devnet.chain.View;
import org.cocoon.devnet.tvm.Execution;
import org.cocoon.devnet.tvm.GetResult;
import org.cocoon.devnet.tvm.StackCodec;
import org.cocoon.devnet.tvm.StackValue;
import org.jspecify.annotations.Nullable;

/** The methods of toncenter's API, version 2. Each runs on the chain's thread. */
final class Toncenter {
  private static final int MAX_TRANSACTIONS = 100;
  private static final int MAX_BLOCK_TRANSACTIONS = 1000;
  private static final int MAX_LOCATE = 256;
  private static final int MAX_METHOD_CHARS = 128;
  private static final int METHOD_FLAG = 0x10000;

  /** A method: from the chain, and a view of it, to an answer. */
  interface Method {
    /** Answers. */
    JsonNode answer(Chain chain, View view, Arguments arguments);
  }

  private static final Map<String, Method> METHODS =
      Map.ofEntries(
          Map.entry("getMasterchainInfo", (chain, view, a) -> masterchainInfo(chain, view)),
          Map.entry("getConsensusBlock", (chain, view, a) -> consensusBlock(view)),
          Map.entry("getAddressInformation", (chain, view, a) -> account(view, a)),
          Map.entry("getExtendedAddressInformation", (chain, view, a) -> extended(view, a)),
          Map.entry("getAddressBalance", (chain, view, a) -> balance(view, a)),
          Map.entry("getAddressState", (chain, view, a) -> state(view, a)),
          Map.entry("getWalletInformation", Toncenter::wallet),
          Map.entry("getTransactions", Toncenter::transactions),
          Map.entry("tryLocateTx", Toncenter::resultTransaction),
          Map.entry("tryLocateResultTx", Toncenter::resultTransaction),
          Map.entry("tryLocateSourceTx", Toncenter::sourceTransaction),
          Map.entry("sendBoc", Toncenter::sendBoc),
          Map.entry("sendBocReturnHash", Toncenter::sendBocReturnHash),
          Map.entry("runGetMethod", Toncenter::runGetMethod),
          Map.entry("estimateFee", Toncenter::estimateFee),
          Map.entry("lookupBlock", Toncenter::lookupBlock),
          Map.entry("shards", Toncenter::shards),
          Map.entry("getBlockHeader", Toncenter::blockHeader),
          Map.entry("getBlockTransactions", Toncenter::blockTransactions));

  private Toncenter() {}

  static Set<String> names() {
    return METHODS.keySet();
  }

  /** Answers a call; throws a {@link ChainException} with a sentence if it cannot. */
  static JsonNode call(Chain chain, String name, Arguments arguments) {
    Method method = METHODS.get(name);
    if (method == null) {
      throw new ChainException(
          Kind.MISSING, "there is no method '" + shortened(name) + "' on this devnet");
    }
    return method.answer(chain, chain.answer(), arguments);
  }

  private static String shortened(String name) {
    return name.length() > MAX_METHOD_CHARS ? name.substring(0, MAX_METHOD_CHARS) + "..." : name;
  }

  // ------------------------------------------------------------------------------ blocks

  private static JsonNode masterchainInfo(Chain chain, View view) {
    ObjectNode node = Shapes.JSON.createObjectNode().put("@type", "blocks.masterchainInfo");
    node.set("last", Shapes.blockId(view.head(), -1));
    node.put("state_root_hash", Shapes.base64(view.head().file()));
    Block first = chain.block(1);
    ObjectNode init = Shapes.blockId(first == null ? view.head() : first, -1);
    return node.set("init", init.put("seqno", 0));
  }

  private static JsonNode consensusBlock(View view) {
    return Shapes.JSON
        .createObjectNode()
        .put("consensus_block", view.head().seqno())
        .put("timestamp", view.head().time());
  }

  private static Block block(Chain chain, View view, long seqno) {
    if (seqno == view.head().seqno()) {
      return view.head();
    }
    Block block = seqno > view.head().seqno() ? null : chain.block(seqno);
    if (block == null) {
      throw new ChainException(Kind.MISSING, "block " + seqno + " is not in the database");
    }
    return block;
  }

  private static Block blockOf(Chain chain, View view, Arguments a) {
    return block(chain, view, a.number("seqno", 1, Integer.MAX_VALUE));
  }

  private static int workchain(Arguments a) {
    return (int) a.number("workchain", -1, 0);
  }

  private static JsonNode lookupBlock(Chain chain, View view, Arguments a) {
    return Shapes.blockId(blockOf(chain, view, a), workchain(a));
  }

  private static JsonNode shards(Chain chain, View view, Arguments a) {
    ObjectNode node = Shapes.JSON.createObjectNode().put("@type", "blocks.shards");
    node.putArray("shards").add(Shapes.blockId(blockOf(chain, view, a), 0));
    return node;
  }

  private static JsonNode blockHeader(Chain chain, View view, Arguments a) {
    Block block = blockOf(chain, view, a);
    ObjectNode node = Shapes.JSON.createObjectNode().put("@type", "blocks.header");
    node.set("id", Shapes.blockId(block, workchain(a)));
    node.put("global_id", Chain.NETWORK);
    node.put("gen_utime", block.time());
    return node.put("end_lt", Long.toUnsignedString(block.endLt()));
  }

  private static JsonNode blockTransactions(Chain chain, View view, Arguments a) {
    Block block = blockOf(chain, view, a);
    int workchain = workchain(a);
    long count = a.number("count", 1, MAX_BLOCK_TRANSACTIONS, MAX_BLOCK_TRANSACTIONS);
    ObjectNode node = Shapes.JSON.createObjectNode().put("@type", "blocks.transactions");
    node.set("id", Shapes.blockId(block, workchain));
    node.put("req_count", count);
    List<TransactionRef> refs =
        block.transactions().stream().filter(r -> r.account().workchain() == workchain).toList();
    node.put("incomplete", refs.size() > count);
    ArrayNode transactions = node.putArray("transactions");
    for (TransactionRef ref : refs.subList(0, (int) Math.min(count, refs.size()))) {
      transactions
          .addObject()
          .put("@type", "blocks.shortTxId")
          .put("mode", 135)
          .put("account", ref.account().toString())
          .put("lt", Long.toUnsignedString(ref.lt()))
          .put("hash", Shapes.base64(ref.hashBytes()));
    }
    return node;
  }

  // ------------------------------------------------------------------------------ accounts

  private static JsonNode account(View view, Arguments a) {
    return Shapes.account(view.account(a.address("address")), view);
  }

  private static JsonNode extended(View view, Arguments a) {
    Address address = a.address("address");
    return Shapes.extendedAccount(address, view.account(address), view);
  }

  private static JsonNode balance(View view, Arguments a) {
    return TextNode.valueOf(view.account(a.address("address")).balance().toString());
  }

  private static JsonNode state(View view, Arguments a) {
    return TextNode.valueOf(Shapes.state(view.account(a.address("address"))));
  }

  private static JsonNode wallet(Chain chain, View view, Arguments a) {
    Address address = a.address("address");
    AccountState account = view.account(address);
    ObjectNode node = Shapes.JSON.createObjectNode();
    GetResult seqno = chain.get(address, account, methodId("seqno"), emptyStack());
    boolean wallet = seqno.exitCode() == 0;
    node.put("wallet", wallet);
    node.put("balance", account.balance().toString());
    node.put("account_state", Shapes.state(account));
    node.set("last_transaction_id", Shapes.transactionId(account.lastLt(), account.lastHash()));
    if (wallet
        && StackCodec.read(Boc.parse(seqno.stack())).getLast()
            instanceof StackValue.Int(BigInteger number)) {
      node.put("seqno", number.longValue());
    }
    return node;
  }

  private static String emptyStack() {
    return Boc.base64(StackCodec.write(List.of()));
  }

  // ------------------------------------------------------------------------------ transactions

  private static JsonNode transactions(Chain chain, View view, Arguments a) {
    Address address = a.address("address");
    int limit = (int) a.number("limit", 1, MAX_TRANSACTIONS, 10);
    long toLt = a.number("to_lt", 0, Long.MAX_VALUE, 0);
    long newest = view.account(address).lastLt();
    long from = newest;
    if (a.has("lt")) {
      from = a.number("lt", 0, Long.MAX_VALUE);
      List<TransactionRef> first = chain.transactions(address, from, 1);
      boolean there = !first.isEmpty() && first.getFirst().lt() == from && from <= newest;
      boolean same = !a.has("hash") || (there && first.getFirst().hash().equals(a.hash("hash")));
      if (!there || !same) {
        throw new ChainException(
            Kind.MISSING, "cannot locate transaction in block with specified logical time");
      }
    }
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    for (TransactionRef ref : chain.transactions(address, from, limit)) {
      if (ref.lt() <= toLt) {
        break;
      }
      array.add(transaction(chain, ref));
    }
    return array;
  }

  private static ObjectNode transaction(Chain chain, TransactionRef ref) {
    return Shapes.transaction(chain.read(ref), chain.boc(ref));
  }

  private static JsonNode resultTransaction(Chain chain, View view, Arguments a) {
    Address source = a.address("source");
    Address destination = a.address("destination");
    long createdLt = a.number("created_lt", 1, Long.MAX_VALUE);
    TransactionRef found = receiver(chain, source, destination, createdLt);
    if (found == null || found.lt() > view.head().endLt()) {
      throw new ChainException(Kind.MISSING, "result transaction was not found");
    }
    return transaction(chain, found);
  }

  /** The transaction that a message caused. */
  static @Nullable TransactionRef receiver(
      Chain chain, Address source, Address destination, long createdLt) {
    for (TransactionRef ref : chain.transactionsAfter(destination, createdLt, MAX_LOCATE)) {
      Message incoming = chain.read(ref).incoming();
      if (incoming != null
          && incoming.createdLt() == createdLt
          && source.equals(incoming.source())) {
        return ref;
      }
    }
    return null;
  }

  /** The transaction that sent a message. */
  static @Nullable TransactionRef sender(Chain chain, Address source, long createdLt) {
    for (TransactionRef ref : chain.transactions(source, createdLt, 1)) {
      for (Message message : chain.read(ref).outgoing()) {
        if (message.createdLt() == createdLt) {
          return ref;
        }
      }
    }
    return null;
  }

  private static JsonNode sourceTransaction(Chain chain, View view, Arguments a) {
    a.address("destination");
    TransactionRef found =
        sender(chain, a.address("source"), a.number("created_lt", 1, Long.MAX_VALUE));
    if (found == null || found.lt() > view.head().endLt()) {
      throw new ChainException(Kind.MISSING, "source transaction was not found");
    }
    return transaction(chain, found);
  }

  // ------------------------------------------------------------------------------ messages

  private static JsonNode sendBoc(Chain chain, View view, Arguments a) {
    chain.send(Boc.parse(a.text("boc")));
    return Shapes.JSON.createObjectNode().put("@type", "ok");
  }

  private static JsonNode sendBocReturnHash(Chain chain, View view, Arguments a) {
    Message message = chain.send(Boc.parse(a.text("boc")));
    return Shapes.JSON
        .createObjectNode()
        .put("@type", "raw.extMessageInfo")
        .put("hash", Shapes.base64(message.cell().hash()));
  }

  private static JsonNode runGetMethod(Chain chain, View view, Arguments a) {
    Address address = a.address("address");
    AccountState account = view.account(address);
    int method = methodId(a.text("method"));
    Cell stack = StackCodec.write(StackJson.read(a.json().path("stack")));
    GetResult result = chain.get(address, account, method, Boc.base64(stack));
    ObjectNode node = Shapes.JSON.createObjectNode().put("@type", "smc.runResult");
    node.put("gas_used", result.gasUsed());
    node.set(
        "stack",
        result.stack().isEmpty()
            ? JsonNodeFactory.instance.arrayNode()
            : StackJson.write(StackCodec.read(Boc.parse(result.stack()))));
    node.put("exit_code", result.exitCode());
    node.set("block_id", Shapes.blockId(view.head(), -1));
    node.set("last_transaction_id", Shapes.transactionId(account.lastLt(), account.lastHash()));
    return node;
  }

  /** A get-method's number: CRC-16 of its name with a flag, or the number itself. */
  static int methodId(String method) {
    if (method.length() > MAX_METHOD_CHARS) {
      throw Arguments.wrong("a method's name has at most " + MAX_METHOD_CHARS + " characters");
    }
    if (method.matches("[0-9]{1,9}")) {
      return Integer.parseInt(method);
    }
    byte[] name = method.getBytes(US_ASCII);
    return (Address.crc16(name, name.length) & 0xffff) | METHOD_FLAG;
  }

  private static JsonNode estimateFee(Chain chain, View view, Arguments a) {
    Address address = a.address("address");
    AccountState before = view.account(address);
    CellBuilder message =
        new CellBuilder().number(0b10, 2).number(0, 2).address(address).coins(BigInteger.ZERO);
    if (a.has("init_code") && a.has("init_data")) {
      Cell init =
          new CellBuilder()
              .number(0, 2)
              .bit(true)
              .ref(Boc.parse(a.text("init_code")))
              .bit(true)
              .ref(Boc.parse(a.text("init_data")))
              .bit(false)
              .build();
      message.bit(true).bit(true).ref(init);
    } else {
      message.bit(false);
    }
    Cell external = message.bit(true).ref(Boc.parse(a.text("body"))).build();
    boolean ignore = !a.has("ignore_chksig") || a.flag("ignore_chksig");
    return switch (chain.estimate(before, external, ignore)) {
      case Execution.Refused refused ->
          throw new ChainException(Kind.REFUSED, "the contract refuses: " + refused.error());
      case Execution.Done done -> {
        Transaction tx = Transaction.read(Boc.parse(done.transaction()), address.workchain());
        ObjectNode node = Shapes.JSON.createObjectNode().put("@type", "query.fees");
        BigInteger gas = tx.outcome().gasFee();
        BigInteger storage = tx.outcome().storageFee();
        BigInteger sent =
            tx.outgoing().stream()
                .map(Message::forwardFee)
                .reduce(BigInteger.ZERO, BigInteger::add);
        BigInteger forward = tx.outcome().forwardFee();
        BigInteger collected = forward.subtract(sent).max(BigInteger.ZERO);
        node.putObject("source_fees")
            .put("@type", "fees")
            .put(
                "in_fwd_fee",
                tx.totalFees().subtract(gas).subtract(storage).subtract(collected).longValue())
            .put("storage_fee", storage.longValue())
            .put("gas_fee", gas.longValue())
            .put("fwd_fee", forward.longValue());
        node.putArray("destination_fees");
        yield node;
      }
    };
  }
}
