package org.cocoon.contracts.chain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.BigInteger;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellWriter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** The client against endpoints that are slow, down, wrong, behind, or lie. */
final class ToncenterChainTest {
  private static final TonAddress ACCOUNT = TonAddress.parse("0:" + "77".repeat(32));
  private static final int DEVNET = -31337;

  private final List<AutoCloseable> open = new ArrayList<>();
  private final FakeTimer timer = new FakeTimer();
  private ScriptedNode node;
  private ScriptedNode other;

  @BeforeEach
  void start() throws IOException {
    node = opened(new ScriptedNode());
    other = opened(new ScriptedNode());
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  @Test
  void readsHeadAndAccount() throws ChainException {
    ToncenterChain chain = chain(node);
    assertEquals(new Head(1_000, new byte[32]), chain.head());
    AccountState nobody = chain.account(ACCOUNT);
    assertFalse(nobody.isActive());
    assertEquals(0, nobody.lastLt());
    ScriptedNode.Made made = node.happen(ACCOUNT, 10, Cell.EMPTY);
    AccountState state = chain.account(ACCOUNT);
    assertEquals(10, state.lastLt());
    assertArrayEquals(made.cell().hash(), state.lastHash());
    assertEquals(1_800_000_000L, state.seconds());
  }

  @Test
  void readsAHistoryOfManyPagesFromItsFirstTransaction() throws ChainException {
    int count = 3 * ToncenterChain.PAGE + 7;
    for (int i = 1; i <= count; i++) {
      node.happen(ACCOUNT, i * 10L, Cell.EMPTY);
    }
    ToncenterChain chain = chain(node);
    List<ChainTransaction> all = chain.transactions(ACCOUNT, 0, 1_000);
    assertEquals(count, all.size());
    for (int i = 0; i < count; i++) {
      assertEquals((i + 1) * 10L, all.get(i).lt());
    }
    List<ChainTransaction> some = chain.transactions(ACCOUNT, 500, 20);
    assertEquals(20, some.size());
    assertEquals(510, some.getFirst().lt());
    assertEquals(700, some.getLast().lt());
    assertEquals(List.of(), chain.transactions(ACCOUNT, count * 10L, 20));
    assertEquals(1, chain.transactions(ACCOUNT, count * 10L - 10, 20).size());
  }

  /** Otherwise a follower that begins a long history would read it again for each of its steps. */
  @Test
  void readsALongHistoryOnlyOnceInAll() throws ChainException {
    int pages = 20;
    for (int i = 1; i <= pages * ToncenterChain.PAGE; i++) {
      node.happen(ACCOUNT, i, Cell.EMPTY);
    }
    ToncenterChain chain = chain(node);
    long last = 0;
    int steps = 0;
    while (last < pages * (long) ToncenterChain.PAGE) {
      last = chain.transactions(ACCOUNT, last, ToncenterChain.PAGE).getLast().lt();
      steps++;
    }
    assertEquals(pages, steps);
    long asked = node.asked.stream().filter("getTransactions"::equals).count();
    assertTrue(asked <= 3L * pages, "asked " + asked + " times");
  }

  @Test
  void triesAgainLaterAndLaterWhenAnEndpointFails() throws ChainException {
    for (int i = 0; i < 4; i++) {
      node.faults.add(
          ScriptedNode.Fault.of(500, "{\"ok\":false,\"error\":\"LITE_SERVER_NETWORK\"}"));
    }
    assertEquals(1_000, chain(node).head().seqno());
    assertEquals(4, timer.slept.size());
    for (int i = 0; i < 4; i++) {
      long most = 200_000_000L << i;
      long slept = timer.slept.get(i).toNanos();
      assertTrue(slept >= most / 2 && slept <= most, i + ": " + timer.slept);
    }
  }

  @Test
  void givesUpAfterItsAttempts() {
    for (int i = 0; i < 100; i++) {
      node.faults.add(ScriptedNode.Fault.of(503, ""));
    }
    ChainException failure = fails(ChainException.Kind.UNREACHABLE, () -> chain(node).head());
    assertTrue(
        String.valueOf(String.valueOf(failure.getMessage())).contains("6 attempts"),
        failure.getMessage());
    assertEquals(6, node.asked.size());
  }

  @Test
  void waitsAsLongAsABusyEndpointAsks() throws ChainException {
    node.faults.add(new ScriptedNode.Fault(429, "{\"ok\":false}", Map.of("Retry-After", "7")));
    node.faults.add(
        new ScriptedNode.Fault(429, "slow down", Map.of("Retry-After", "999999999999999")));
    chain(node).head();
    assertEquals(Duration.ofSeconds(7), timer.slept.getFirst());
    assertTrue(timer.slept.get(1).compareTo(Duration.ofSeconds(30)) <= 0, timer.slept.toString());
  }

  @Test
  void asksTheNextEndpointWhenOneIsDown() throws IOException, ChainException {
    URI nobody;
    try (ServerSocket free = new ServerSocket(0)) {
      nobody = URI.create("http://127.0.0.1:" + free.getLocalPort() + "/api/v2");
    }
    ToncenterChain chain = chain(List.of(nobody, node.uri()));
    assertEquals(1_000, chain.head().seqno());
    assertEquals(List.of(), timer.slept);
    node.asked.clear();
    chain.head();
    assertEquals("getMasterchainInfo", node.asked.getLast());
    fails(ChainException.Kind.UNREACHABLE, () -> chain(List.of(nobody)).head());
  }

  @Test
  void keepsToItsRate() throws ChainException {
    ToncenterChain.Options options =
        new ToncenterChain.Options(
            DEVNET, List.of(node.uri()), Optional.of("secret"), 5, Duration.ofSeconds(5), 1);
    ToncenterChain chain = opened(new ToncenterChain(options, timer, new Random(1)));
    long start = timer.nanoTime();
    for (int i = 0; i < 25; i++) {
      chain.head();
    }
    long seconds = Duration.ofNanos(timer.nanoTime() - start).toSeconds();
    assertTrue(seconds >= 3 && seconds <= 5, "took " + seconds + " s");
    assertEquals("secret", node.keys.getFirst());
    assertFalse(options.toString().contains("secret"), options.toString());
  }

  @Test
  void refusesMalformedAnswers() {
    for (String body :
        List.of(
            "",
            "[]",
            "null",
            "{",
            "<html>",
            "{\"ok\":true}",
            "{\"ok\":true,\"result\":7}",
            "{\"ok\":true,\"result\":{\"last\":{\"seqno\":-1,\"root_hash\":\"\"}}}",
            "{\"ok\":true,\"result\":{\"last\":{\"seqno\":\"1e9\",\"root_hash\":\"AAAA\"}}}",
            "{\"ok\":true,\"result\":{\"last\":{\"seqno\":1.5,\"root_hash\":\"AAAA\"}}}",
            "{\"ok\":true,\"result\":" + "[".repeat(100_000) + "}",
            "{\"ok\":true,\"result\":{\"last\":{\"seqno\":99999999999999999999}}}")) {
      ScriptedNode.Fault fault = ScriptedNode.Fault.of(200, body);
      for (int i = 0; i < 6; i++) {
        node.faults.add(fault);
      }
      ToncenterChain chain = chain(node);
      assertThrows(
          ChainException.class, chain::head, body.substring(0, Math.min(80, body.length())));
      assertTrue(node.faults.isEmpty());
    }
  }

  @Test
  void readsNoMoreThanItsBound() {
    String huge = "{\"ok\":true,\"result\":\"" + "x".repeat(9 << 20) + "\"}";
    for (int i = 0; i < 6; i++) {
      node.faults.add(ScriptedNode.Fault.of(200, huge));
    }
    fails(ChainException.Kind.UNREACHABLE, () -> chain(node).head());
  }

  @Test
  void refusesAHeadThatGoesBackOrHasTwoHashes() throws ChainException {
    ToncenterChain chain = chain(node);
    chain.head();
    node.seqno = 999;
    fails(ChainException.Kind.INCONSISTENT, chain::head);
    node.seqno = 1_000;
    node.rootHash = Base64.getEncoder().encodeToString(new CellWriter().bit(true).end().hash());
    fails(ChainException.Kind.INCONSISTENT, chain::head);
    node.seqno = 1_001;
    assertEquals(1_001, chain.head().seqno());
  }

  @Test
  void passesOverAnEndpointThatIsBehind() throws ChainException {
    both(10, Cell.EMPTY);
    node.happen(ACCOUNT, 20, Cell.EMPTY);
    ToncenterChain chain = chain(node, other);
    assertEquals(20, chain.account(ACCOUNT).lastLt());
    node.faults.add(ScriptedNode.Fault.of(500, "{}"));
    node.faults.add(ScriptedNode.Fault.of(500, "{}"));
    assertEquals(20, chain.account(ACCOUNT).lastLt());
  }

  @Test
  void noticesThatTwoEndpointsHaveTwoChains() throws ChainException {
    both(10, Cell.EMPTY);
    node.happen(ACCOUNT, 20, Cell.EMPTY);
    other.happen(ACCOUNT, 20, new CellWriter().bit(true).end());
    ToncenterChain chain = chain(node, other);
    fails(ChainException.Kind.INCONSISTENT, () -> chain.account(ACCOUNT));
    // Also where they differ further back.
    other.happen(ACCOUNT, 30, Cell.EMPTY);
    ToncenterChain later = chain(node, other);
    assertThrows(
        ChainException.class,
        () -> {
          later.account(ACCOUNT);
          later.transactions(ACCOUNT, 0, 100);
        });
  }

  @Test
  void noticesAForkOfWhatItSaw() throws ChainException {
    node.happen(ACCOUNT, 10, Cell.EMPTY);
    node.happen(ACCOUNT, 20, Cell.EMPTY);
    ToncenterChain chain = chain(node);
    assertEquals(2, chain.transactions(ACCOUNT, 0, 100).size());
    node.forget(ACCOUNT, 1);
    fails(ChainException.Kind.INCONSISTENT, () -> chain.transactions(ACCOUNT, 0, 100));
    node.happen(ACCOUNT, 20, new CellWriter().bit(true).end());
    fails(ChainException.Kind.INCONSISTENT, () -> chain.transactions(ACCOUNT, 0, 100));
    node.forget(ACCOUNT, 1);
    node.happen(ACCOUNT, 30, Cell.EMPTY);
    fails(ChainException.Kind.INCONSISTENT, () -> chain.transactions(ACCOUNT, 0, 100));
  }

  @Test
  void refusesTransactionsWithAGapOrAnotherContent() {
    for (int i = 1; i <= 5; i++) {
      node.happen(ACCOUNT, i * 10L, new CellWriter().uint(i, 8).end());
    }
    node.happen(TonAddress.parse("0:" + "66".repeat(32)), 50, Cell.EMPTY);
    node.edits.put(
        "getTransactions",
        result -> {
          ((ArrayNode) result).remove(2);
          return result;
        });
    refusesTransactions("is missing");
    node.edits.put(
        "getTransactions",
        result -> {
          String data = result.get(1).get("data").asText();
          ((ObjectNode) result.get(2)).put("data", data);
          return result;
        });
    refusesTransactions("has not its hash");
    node.edits.put(
        "getTransactions",
        result -> {
          ((ObjectNode) result.get(2).get("transaction_id")).put("lt", "31");
          return result;
        });
    refusesTransactions("another one");
    node.edits.put("getTransactions", result -> ScriptedNode.JSON.createArrayNode());
    refusesTransactions("is missing");
    node.edits.put(
        "getTransactions",
        result -> {
          ((ObjectNode) result.get(0)).put("data", "not base64!");
          return result;
        });
    refusesTransactions("base64");
    node.edits.put("getTransactions", result -> ScriptedNode.JSON.createObjectNode());
    refusesTransactions("transactions");
  }

  private void refusesTransactions(String why) {
    ChainException refusal =
        fails(ChainException.Kind.INCONSISTENT, () -> chain(node).transactions(ACCOUNT, 0, 100));
    assertTrue(
        String.valueOf(String.valueOf(refusal.getMessage())).contains(why), refusal.getMessage());
  }

  @Test
  void runsGetMethods() throws ChainException {
    StackResult result =
        chain(node)
            .run(
                ACCOUNT,
                "echo",
                StackValue.of(-7),
                StackValue.of(new byte[] {(byte) 0xff}),
                StackValue.of(ACCOUNT),
                new StackValue.OfCell(Cell.EMPTY));
    assertTrue(result.succeeded());
    assertEquals(BigInteger.valueOf(-7), result.big());
    assertEquals(255, result.number());
    assertEquals(ACCOUNT, result.address());
    assertEquals(Cell.EMPTY, result.cell());
    assertThrows(IllegalArgumentException.class, result::number);
    assertEquals(Optional.empty(), result.maybeCell());
    assertThrows(IllegalArgumentException.class, result::take);
    for (String stack :
        List.of(
            "7",
            "[7]",
            "[[\"num\",\"0x\"]]",
            "[[\"num\",{}]]",
            "[[\"cell\",{\"bytes\":\"AAAA\"}]]",
            "[[\"what\",1]]",
            "[[\"num\",\"0x" + "f".repeat(65) + "\"]]")) {
      node.edits.put(
          "runGetMethod", _ -> parsed("{\"gas_used\":1,\"exit_code\":0,\"stack\":" + stack + "}"));
      fails(ChainException.Kind.INCONSISTENT, () -> chain(node).run(ACCOUNT, "get"));
    }
  }

  @Test
  void saysThatAMessageIsRefusedAndTriesOtherFailuresAgain() throws ChainException {
    ToncenterChain chain = chain(node);
    chain.send(Cell.EMPTY.toBoc());
    assertArrayEquals(Cell.EMPTY.toBoc(), node.sent.getFirst());
    node.faults.add(
        ScriptedNode.Fault.of(
            500,
            "{\"ok\":false,\"error\":\"LITE_SERVER_UNKNOWN: cannot apply external message to"
                + " current state : External message was not accepted\"}"));
    fails(ChainException.Kind.REJECTED, () -> chain.send(Cell.EMPTY.toBoc()));
    node.faults.add(ScriptedNode.Fault.of(422, "{\"ok\":false,\"error\":\"invalid boc\"}"));
    fails(ChainException.Kind.REJECTED, () -> chain.send(Cell.EMPTY.toBoc()));
    node.faults.add(ScriptedNode.Fault.of(504, "{\"ok\":false,\"error\":\"timeout\"}"));
    // Its first attempt had arrived after all.
    node.faults.add(ScriptedNode.Fault.of(500, "{\"ok\":false,\"error\":\"duplicate message\"}"));
    chain.send(Cell.EMPTY.toBoc());
  }

  @Test
  void refusesOptionsThatCannotWork() {
    for (String endpoint : List.of("ftp://a/api/v2", "a/api/v2", "http:///x", "file:/etc/passwd")) {
      assertThrows(
          IllegalArgumentException.class,
          () -> ToncenterChain.Options.of(DEVNET, List.of(URI.create(endpoint))));
    }
    assertThrows(
        IllegalArgumentException.class, () -> ToncenterChain.Options.of(DEVNET, List.of()));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new ToncenterChain.Options(
                DEVNET, List.of(node.uri()), Optional.empty(), 0, Duration.ofSeconds(1), 1));
  }

  private void both(long lt, Cell body) {
    node.happen(ACCOUNT, lt, body);
    other.happen(ACCOUNT, lt, body);
  }

  private ToncenterChain chain(ScriptedNode... nodes) {
    List<URI> uris = new ArrayList<>();
    for (ScriptedNode each : nodes) {
      uris.add(each.uri());
    }
    return chain(uris);
  }

  private ToncenterChain chain(List<URI> endpoints) {
    ToncenterChain.Options options =
        new ToncenterChain.Options(
            DEVNET, endpoints, Optional.empty(), 10_000, Duration.ofSeconds(20), 6);
    return opened(new ToncenterChain(options, timer, new Random(1)));
  }

  private <C extends AutoCloseable> C opened(C resource) {
    open.add(resource);
    return resource;
  }

  private static JsonNode parsed(String json) {
    try {
      return ScriptedNode.JSON.readTree(json);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static ChainException fails(ChainException.Kind kind, Executable call) {
    ChainException failure = assertThrows(ChainException.class, call);
    assertEquals(kind, failure.kind(), String.valueOf(failure.getMessage()));
    return failure;
  }
}
