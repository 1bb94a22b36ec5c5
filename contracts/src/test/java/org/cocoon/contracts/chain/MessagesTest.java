package org.cocoon.contracts.chain;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.cocoon.contracts.Charge;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.EarningsTree;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.Release;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellWriter;
import org.junit.jupiter.api.Test;

/** Messages, addresses and transactions against what the TypeScript wrappers and the TVM made. */
final class MessagesTest {
  private static final JsonNode VECTORS = read();
  private static final int DEVNET = -31337;
  private static final long FOREVER = 4_000_000_000L;
  private static final Cell CODE = new CellWriter().uint(0x1234, 16).ref(Cell.EMPTY).end();

  @Test
  void makesTheBodiesThatTheOtherLanguageMakes() {
    Map<String, Cell> bodies = bodies();
    JsonNode expected = VECTORS.get("bodies");
    for (Map.Entry<String, Cell> body : bodies.entrySet()) {
      JsonNode hash = expected.get(body.getKey());
      assertEquals(hash.asText(), hex(body.getValue().hash()), body.getKey());
    }
    // What a user of the contracts never sends is not made here.
    List<String> missing = new ArrayList<>();
    expected.fieldNames().forEachRemaining(missing::add);
    missing.removeAll(bodies.keySet());
    assertEquals(List.of("collect", "register", "unregister", "fine"), missing);
  }

  @Test
  void writesTheSameBytes() {
    Map<String, Cell> bodies = bodies();
    for (String name : List.of("claim", "payoutBatch")) {
      Cell body = bodies.getOrDefault(name, Cell.EMPTY);
      assertEquals(VECTORS.get("boc").get(name).asText(), hex(body.toBoc()), name);
      assertEquals(body, Cell.fromBoc(body.toBoc()));
    }
  }

  /** Code changes with the contracts; what is deployed with it is laid out as it was. */
  @Test
  void deploysTheSameDataAtTheSameAddresses() {
    JsonNode expected = VECTORS.get("contracts");
    SettlementContract.Terms settlement =
        new SettlementContract.Terms(
            account(0x21), account(0x22), key(1).publicKey(), 86_400, NanoTon.ofTon(100));
    ChannelContract.Terms channel =
        new ChannelContract.Terms(
            account(0x25), account(0x24), key(2).publicKey(), key(1).publicKey(), 86_400);
    deploys(expected.get("settlement"), SettlementContract.data(settlement, CODE));
    deploys(expected.get("registry"), RegistryContract.stateInit(registryTerms()).data());
    deploys(expected.get("channel"), ChannelContract.stateInit(channel).data());
  }

  private static void deploys(JsonNode expected, Cell data) {
    assertEquals(expected.get("data").asText(), hex(data.hash()));
    assertEquals(expected.get("address").asText(), new StateInit(CODE, data).address().toString());
  }

  private static RegistryContract.Terms registryTerms() {
    return new RegistryContract.Terms(account(0x23), 3_600, "{\"version\": 1}".getBytes(UTF_8));
  }

  @Test
  void signsTheTransfersThatTheOtherLanguageSigns() {
    StateInit registry = new StateInit(CODE, RegistryContract.stateInit(registryTerms()).data());
    List<Outgoing> messages =
        List.of(
            Outgoing.to(account(0x31), new NanoTon(1_234_567), ChannelContract.finish(0)),
            Outgoing.transfer(account(0x32), NanoTon.ofTon(3)),
            Outgoing.deploying(registry, NanoTon.ofTon(1), Cell.EMPTY),
            Outgoing.to(
                account(0x33), NanoTon.ZERO, SettlementContract.payout(0, tree(100), 64, 5)),
            Outgoing.to(account(0x33), new NanoTon(5), SettlementContract.prepay("cocoon:acct-7")));
    for (JsonNode vector : VECTORS.get("wallets")) {
      Wallet wallet = Wallet.of(key(9), vector.get("network").asInt());
      assertEquals(vector.get("address").asText(), wallet.address().toString());
      for (JsonNode transfer : vector.get("transfers")) {
        SignedExternal signed =
            wallet.prepare(
                messages.subList(0, transfer.get("messages").asInt()),
                transfer.get("seqno").asLong(),
                1_900_000_000L);
        assertEquals(transfer.get("hash").asText(), hex(signed.hash()));
        assertEquals(transfer.get("body").asText(), hex(signed.bodyHash()));
        assertArrayEquals(signed.hash(), Cell.fromBoc(signed.boc()).hash());
      }
    }
  }

  @Test
  void readsTransactionsOfTheRealMachine() {
    int checked = 0;
    for (JsonNode vector : VECTORS.get("transactions")) {
      Cell cell = Cell.fromBoc(Base64.getDecoder().decode(vector.get("boc").asText()));
      ChainTransaction read = Transactions.parse(cell);
      assertEquals(vector.get("hash").asText(), read.hashText());
      assertEquals("0:" + vector.get("account").asText(), read.account().toString());
      assertEquals(vector.get("lt").asLong(), read.lt());
      assertEquals(vector.get("prevLt").asLong(), read.prevLt());
      assertEquals(vector.get("now").asLong(), read.seconds());
      assertEquals(vector.get("totalFees").asLong(), read.totalFees().nanos());
      assertEquals(vector.get("storageFees").asLong(), read.storageFees().nanos());
      assertEquals(vector.get("gasUsed").asLong(), read.gasUsed());
      assertEquals(vector.get("outcome").asText(), said(read.outcome()));
      assertEquals(vector.get("in").isNull(), read.in().isEmpty());
      read.in().ifPresent(in -> same(vector.get("in"), in));
      assertEquals(vector.get("out").size(), read.out().size());
      for (int i = 0; i < read.out().size(); i++) {
        same(vector.get("out").get(i), read.out().get(i));
      }
      checked++;
    }
    assertTrue(checked >= 20, "only " + checked);
  }

  @Test
  void readsWhatContractsSay() {
    Map<String, Cell> bodies = bodies();
    assertEquals(new ContractMessage.Deposit(0, NanoTon.ofTon(5)), parsed(bodies, "deposit"));
    assertEquals(
        new ContractMessage.Claim(
            0, new NanoTon(123_456_789), FOREVER, new NanoTon(987_654_321), FOREVER),
        parsed(bodies, "claim"));
    assertEquals(
        new ContractMessage.Released(
            0, new NanoTon(123_456_789), new NanoTon(1_000), true, FOREVER),
        parsed(bodies, "release"));
    assertEquals(new ContractMessage.Payout(0, 64, 5), parsed(bodies, "payoutBatch"));
    assertEquals(new ContractMessage.Slash(0), parsed(bodies, "slash"));
    assertEquals(new ContractMessage.Comment("cocoon:acct-7"), parsed(bodies, "prepay"));
    assertEquals(
        ContractMessage.MAX_COMMENT_BYTES / 2,
        assertInstanceOf(ContractMessage.Comment.class, parsed(bodies, "prepayLong"))
            .text()
            .length());
    assertEquals(new ContractMessage.Empty(), ContractMessage.parse(Cell.EMPTY));
    ContractMessage.Commit commit =
        assertInstanceOf(ContractMessage.Commit.class, parsed(bodies, "commit"));
    assertEquals(7, commit.epoch());
    assertArrayEquals(filled(0x33, 32), commit.digest());
    ContractMessage.CloseChannel close =
        assertInstanceOf(ContractMessage.CloseChannel.class, parsed(bodies, "closeChannel"));
    assertEquals(account(0x12), close.owner());
    Cell bounced =
        new CellWriter().int32(Op.BOUNCED).int32(Op.COLLECT).bits64(9).coins(new NanoTon(7)).end();
    assertEquals(
        new ContractMessage.Bounced(Op.COLLECT, 9, Optional.of(new NanoTon(7))),
        ContractMessage.parseBounced(bounced));
  }

  /** Anybody can send anything; a reader that stops at it could be stopped by anybody. */
  @Test
  void neverFailsOnWhatStrangersSend() {
    for (Cell body : bodies().values()) {
      for (Cell other :
          List.of(
              new CellWriter().content(body).bit(true).end(),
              new CellWriter().int32(body.read().int32()).end(),
              new CellWriter().int32(body.read().int32()).bits64(-1).uint(15, 4).end())) {
        ContractMessage message = ContractMessage.parse(other);
        if (!(message instanceof ContractMessage.Comment)) {
          assertInstanceOf(ContractMessage.Unknown.class, message, body.toString());
        }
      }
      ContractMessage.parseBounced(body);
    }
    // An amount that no coin has, and one that is negative as 64 bits.
    Cell huge = new CellWriter().int32(Op.DEPOSIT).bits64(0).uint(9, 4).bits64(-1).uint(1, 8).end();
    assertInstanceOf(ContractMessage.Unknown.class, ContractMessage.parse(huge));
  }

  @Test
  void refusesWhatNoWalletSends() {
    Wallet wallet = Wallet.of(key(9), DEVNET);
    List<Outgoing> one = List.of(Outgoing.transfer(account(1), NanoTon.ZERO));
    assertThrows(IllegalArgumentException.class, () -> wallet.prepare(List.of(), 0, 1));
    assertThrows(IllegalArgumentException.class, () -> wallet.prepare(one, -1, 1));
    assertThrows(IllegalArgumentException.class, () -> wallet.prepare(one, 0, 1L << 32));
    List<Outgoing> many = new ArrayList<>();
    for (int i = 0; i < 256; i++) {
      many.addAll(one);
    }
    assertThrows(IllegalArgumentException.class, () -> wallet.prepare(many, 0, 1));
    SignedExternal most = wallet.prepare(many.subList(0, 255), 0, 1);
    assertArrayEquals(most.hash(), Cell.fromBoc(most.boc()).hash());
  }

  private static ContractMessage parsed(Map<String, Cell> bodies, String name) {
    return ContractMessage.parse(bodies.getOrDefault(name, Cell.EMPTY));
  }

  private static void same(JsonNode vector, ChainMessage message) {
    assertEquals(vector.get("hash").asText(), hex(message.hash()));
    assertEquals(vector.get("body").asText(), hex(message.body().hash()));
    assertEquals(
        vector.get("kind").asText(),
        switch (message.kind()) {
          case INTERNAL -> "internal";
          case EXTERNAL_IN -> "external-in";
          case EXTERNAL_OUT -> "external-out";
        });
    assertEquals(
        vector.get("source").asText(), message.source().map(TonAddress::toString).orElse(""));
    assertEquals(
        vector.get("destination").asText(),
        message.destination().map(TonAddress::toString).orElse(""));
    assertEquals(vector.get("value").asLong(), message.value().nanos());
    assertEquals(vector.get("bounce").asBoolean(), message.bounce());
    assertEquals(vector.get("bounced").asBoolean(), message.bounced());
  }

  private static String said(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Succeeded(int skipped) -> "succeeded " + skipped;
      case Outcome.Refused(int exitCode) -> "refused " + exitCode;
      case Outcome.ActionsFailed(int resultCode) -> "actions " + resultCode;
      case Outcome.Skipped(Outcome.Reason reason) ->
          "skipped "
              + switch (reason) {
                case NO_STATE -> "no-state";
                case BAD_STATE -> "bad-state";
                case NO_GAS -> "no-gas";
                case SUSPENDED -> "suspended";
                case SERVICE -> "service";
              };
    };
  }

  private static Map<String, Cell> bodies() {
    TonAddress at = account(0x11);
    Charge charge = new Charge(DEVNET, at, new NanoTon(123_456_789), FOREVER, filled(0x61, 64));
    Voucher voucher = new Voucher(DEVNET, at, new NanoTon(987_654_321), FOREVER, filled(0x62, 64));
    Release release =
        new Release(
            DEVNET,
            at,
            new NanoTon(123_456_789),
            new NanoTon(1_000),
            true,
            FOREVER,
            filled(0x63, 64));
    Commitment first = commitment(0x33, 0x64);
    EarningsTree hundred = tree(100);
    Map<String, Cell> bodies = new LinkedHashMap<>();
    bodies.put("deposit", ChannelContract.deposit(0, NanoTon.ofTon(5)));
    bodies.put("claim", ChannelContract.claim(0, charge, voucher));
    bodies.put("withdraw", ChannelContract.withdraw(0, new NanoTon(1)));
    bodies.put("withdrawAll", ChannelContract.withdraw(0, NanoTon.ZERO));
    bodies.put("finish", ChannelContract.finish(0));
    bodies.put("release", ChannelContract.release(0, release));
    bodies.put("stake", SettlementContract.stake(0, new NanoTon(Long.MAX_VALUE)));
    bodies.put("commit", SettlementContract.commit(0, first));
    bodies.put("payoutOne", SettlementContract.payout(0, tree(1), 0, 0));
    bodies.put("payoutBatch", SettlementContract.payout(0, hundred, 64, 5));
    bodies.put(
        "payoutLeaf",
        SettlementContract.payout(0, hundred.leaves().get(77), 77, hundred.siblings(77, 0)));
    bodies.put("payoutLarge", SettlementContract.payout(0, tree(128), 0, 7));
    bodies.put("slash", SettlementContract.slash(0, first, commitment(0x34, 0x65)));
    bodies.put("retire", SettlementContract.retire(0));
    bodies.put("unstake", SettlementContract.unstake(0));
    bodies.put("closeChannel", SettlementContract.closeChannel(0, account(0x12), filled(0x13, 32)));
    bodies.put("sweep", SettlementContract.sweep(0));
    bodies.put("prepay", SettlementContract.prepay("cocoon:acct-7"));
    bodies.put("prepayLong", SettlementContract.prepay("ü".repeat(200)));
    bodies.put("announce", RegistryContract.announce(0, document(20_000)));
    bodies.put("announceShort", RegistryContract.announce(0, "{}".getBytes(UTF_8)));
    bodies.put("apply", RegistryContract.apply(0));
    bodies.put("cancel", RegistryContract.cancel(0));
    bodies.put("revoke", RegistryContract.revoke(0, filled(0x14, 32)));
    bodies.put("transfer", RegistryContract.transfer(0, account(0x15)));
    bodies.put("accept", RegistryContract.accept(0));
    bodies.put("treasury", RegistryContract.treasury(0, NanoTon.ofTon(1)));
    return bodies;
  }

  private static Commitment commitment(int digest, int signature) {
    return new Commitment(
        DEVNET,
        account(0x11),
        7,
        filled(0x22, 32),
        NanoTon.ofTon(5),
        filled(digest, 32),
        FOREVER,
        filled(signature, 64));
  }

  private static EarningsTree tree(int size) {
    List<EarningsTree.Leaf> leaves = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      leaves.add(new EarningsTree.Leaf(account(i + 1), new NanoTon((i + 1) * 1_000_000_007L)));
    }
    return EarningsTree.of(DEVNET, account(0x11), leaves);
  }

  private static byte[] document(int size) {
    byte[] document = new byte[size];
    for (int i = 0; i < size; i++) {
      document[i] = (byte) ('a' + i % 26);
    }
    return document;
  }

  private static TonAddress account(int value) {
    return new TonAddress(filled(value, 32));
  }

  private static ReceiptKey key(int fill) {
    return ReceiptKey.ofSeed(filled(fill, 32));
  }

  private static byte[] filled(int value, int size) {
    byte[] bytes = new byte[size];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static JsonNode read() {
    try {
      return new ObjectMapper().readTree(Path.of("vectors/messages.json").toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
