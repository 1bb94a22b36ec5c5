package org.cocoon.contracts.chain;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellWriter;

/** An endpoint that answers as toncenter does, from a history that a test writes, with faults. */
public final class ScriptedNode implements AutoCloseable {
  static final ObjectMapper JSON = new ObjectMapper();

  /** What it answers instead of the truth, once each. */
  final ConcurrentLinkedDeque<Fault> faults = new ConcurrentLinkedDeque<>();

  /** Methods that were asked, in their order. */
  final List<String> asked = new CopyOnWriteArrayList<>();

  /** Values of X-API-Key. */
  final List<String> keys = new CopyOnWriteArrayList<>();

  /** What was handed in. */
  public final List<byte[]> sent = new CopyOnWriteArrayList<>();

  private final Map<TonAddress, List<Made>> histories = new ConcurrentHashMap<>();
  private final Map<TonAddress, Cell> data = new ConcurrentHashMap<>();
  private final HttpServer server;
  volatile long seqno = 1_000;
  volatile String rootHash = Base64.getEncoder().encodeToString(new byte[32]);
  volatile long seconds = 1_800_000_000L;

  /** Applies to every answer of a method, for as long as it is there. */
  final Map<String, UnaryOperator<JsonNode>> edits = new ConcurrentHashMap<>();

  /** An answer that is no result. */
  record Fault(int status, String body, Map<String, String> headers) {
    static Fault of(int status, String body) {
      return new Fault(status, body, Map.of());
    }
  }

  /** A transaction as it was made. */
  record Made(long lt, Cell cell, long prevLt) {}

  /** Starts one on any free port. */
  public ScriptedNode() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/api/v2/jsonRPC", this::answer);
    server.start();
  }

  /** Its URL. */
  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/api/v2");
  }

  /** The account's next transaction, caused by an external message with this body. */
  Made happen(TonAddress account, long lt, Cell body) {
    return happen(account, lt, Messages.external(account, Optional.empty(), body), List.of());
  }

  Made happen(TonAddress account, long lt, Cell message, List<Cell> out) {
    List<Made> history = histories.computeIfAbsent(account, _ -> new CopyOnWriteArrayList<>());
    Made before = history.isEmpty() ? new Made(0, Cell.EMPTY, 0) : history.getLast();
    byte[] prevHash = history.isEmpty() ? new byte[32] : before.cell.hash();
    Made made =
        new Made(lt, transaction(account, lt, before.lt, prevHash, message, out), before.lt);
    history.add(made);
    return made;
  }

  /** Takes the newest transactions back, as a chain that forks does. */
  void forget(TonAddress account, int count) {
    List<Made> history = histories.getOrDefault(account, new ArrayList<>());
    for (int i = 0; i < count; i++) {
      history.removeLast();
    }
  }

  void data(TonAddress account, Cell state) {
    data.put(account, state);
  }

  private Cell transaction(
      TonAddress account, long lt, long prevLt, byte[] prevHash, Cell message, List<Cell> out) {
    Optional<Cell> sentMessages =
        out.isEmpty()
            ? Optional.empty()
            // One entry at key 0: hml_same of fifteen zeros.
            : Optional.of(new CellWriter().uint(0b110, 3).uint(15, 4).ref(out.getFirst()).end());
    Cell messages = new CellWriter().maybeRef(Optional.of(message)).maybeRef(sentMessages).end();
    Cell compute =
        new CellWriter()
            .uint(2, 3)
            .uint(1_937, 16)
            .uint(0, 3)
            .bit(false)
            .uint(0, 8)
            .int32(0)
            .bit(false)
            .int32(10)
            .bytes(new byte[64])
            .end();
    Cell description =
        new CellWriter()
            .uint(0, 4)
            .bit(true)
            .bit(false)
            .bit(false)
            .bit(true)
            .bit(true)
            .bit(false)
            .bit(false)
            .coins(new NanoTon(774_800))
            .ref(compute)
            .bit(false)
            .bit(false)
            .bit(false)
            .bit(false)
            .end();
    return new CellWriter()
        .uint(0b0111, 4)
        .bytes(account.hash())
        .uint(lt, 64)
        .bytes(prevHash)
        .uint(prevLt, 64)
        .uint(seconds, 32)
        .uint(out.size(), 15)
        .uint(2, 2)
        .uint(2, 2)
        .coins(new NanoTon(1_000_000))
        .bit(false)
        .ref(messages)
        .ref(new CellWriter().uint(0x72, 8).bytes(new byte[64]).end())
        .ref(description)
        .end();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
      String method = request.path("method").asText();
      asked.add(method);
      String key = exchange.getRequestHeaders().getFirst("X-API-Key");
      if (key != null) {
        keys.add(key);
      }
      Fault fault = faults.poll();
      if (fault == null) {
        JsonNode result = result(method, request.path("params"));
        JsonNode edited = edits.getOrDefault(method, UnaryOperator.identity()).apply(result);
        ObjectNode body = JSON.createObjectNode().put("ok", true);
        body.set("result", edited);
        fault = Fault.of(200, body.toString());
      }
      fault.headers.forEach((name, value) -> exchange.getResponseHeaders().add(name, value));
      byte[] bytes = fault.body.getBytes(UTF_8);
      exchange.sendResponseHeaders(fault.status, bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  private JsonNode result(String method, JsonNode params) {
    return switch (method) {
      case "getMasterchainInfo" -> {
        ObjectNode result = JSON.createObjectNode();
        result.putObject("last").put("seqno", seqno).put("root_hash", rootHash);
        yield result;
      }
      case "getAddressInformation" -> account(TonAddress.parse(params.path("address").asText()));
      case "getTransactions" ->
          page(
              TonAddress.parse(params.path("address").asText()),
              Long.parseLong(params.path("lt").asText()),
              params.path("limit").asInt());
      case "sendBoc" -> {
        sent.add(Base64.getDecoder().decode(params.path("boc").asText()));
        yield JSON.createObjectNode().put("@type", "ok");
      }
      case "runGetMethod" -> {
        ObjectNode result = JSON.createObjectNode().put("gas_used", 42).put("exit_code", 0);
        ArrayNode stack = result.putArray("stack");
        params.path("stack").forEach(stack::add);
        stack.addArray().add("num").add("-0x5");
        stack.addArray().add("list").addObject().putArray("elements");
        yield result;
      }
      default -> throw new IllegalStateException(method);
    };
  }

  private ObjectNode account(TonAddress address) {
    List<Made> history = histories.getOrDefault(address, List.of());
    Cell state = data.get(address);
    ObjectNode result =
        JSON.createObjectNode()
            .put("balance", "1000000000")
            .put("state", state == null ? "uninitialized" : "active")
            .put("code", "")
            .put("data", state == null ? "" : Base64.getEncoder().encodeToString(state.toBoc()))
            .put("sync_utime", seconds);
    byte[] hash = history.isEmpty() ? new byte[32] : history.getLast().cell.hash();
    result
        .putObject("last_transaction_id")
        .put("lt", history.isEmpty() ? "0" : Long.toString(history.getLast().lt))
        .put("hash", Base64.getEncoder().encodeToString(hash));
    return result;
  }

  private ArrayNode page(TonAddress address, long lt, int limit) {
    ArrayNode page = JSON.createArrayNode();
    for (Made made : histories.getOrDefault(address, List.of()).reversed()) {
      if (made.lt <= lt && page.size() < limit) {
        ObjectNode each = page.addObject();
        each.put("data", Base64.getEncoder().encodeToString(made.cell.toBoc()));
        each.putObject("transaction_id")
            .put("lt", Long.toString(made.lt))
            .put("hash", Base64.getEncoder().encodeToString(made.cell.hash()));
      }
    }
    return page;
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
