package org.cocoon.contracts.chain;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.cocoon.contracts.TonAddress;

/**
 * A client of toncenter's HTTP interface, version 2 (JSON-RPC). Any thread.
 *
 * <p>An endpoint can be slow, behind, wrong or a liar. Transactions are read from their cells,
 * which must have the hash by which they are named; they must be linked to each other and to the
 * account's state; and what was once seen must stay true, at every endpoint. So an endpoint cannot
 * change, invent or leave out a transaction below one that an honest endpoint has named. It can
 * keep quiet about the newest ones, and lie about the state of accounts: whoever does not trust an
 * endpoint gives a second one of somebody else, and runs one of their own.
 */
public final class ToncenterChain implements Chain, AutoCloseable {
  /** Transactions in one answer. */
  static final int PAGE = 64;

  /** The longest way back through an account's history. */
  private static final int MAX_WALK = 200_000;

  private static final int MAX_METHOD_CHARS = 64;

  private final Options options;
  private final JsonRpc rpc;
  private final Endpoints endpoints;
  private final Witness witness = new Witness();

  /**
   * How a network is reached.
   *
   * @param networkId TON's global id
   * @param endpoints each ends with {@code /api/v2}; the first is asked first
   * @param apiKey for the header X-API-Key
   * @param requestsPerSecond that all endpoints together get, 0.01 to 10,000
   * @param timeout of one request
   * @param attempts at each call before it fails, 1 to 100
   */
  public record Options(
      int networkId,
      List<URI> endpoints,
      Optional<String> apiKey,
      double requestsPerSecond,
      Duration timeout,
      int attempts) {
    /** Checks the bounds. */
    public Options {
      endpoints = List.copyOf(endpoints);
      if (endpoints.isEmpty()) {
        throw new IllegalArgumentException("endpoints: name at least one");
      }
      for (URI endpoint : endpoints) {
        String scheme = String.valueOf(endpoint.getScheme());
        if ((!scheme.equals("https") && !scheme.equals("http")) || endpoint.getHost() == null) {
          throw new IllegalArgumentException(
              "endpoints: '%s' is no URL with http or https".formatted(endpoint));
        }
      }
      if (!(requestsPerSecond >= 0.01 && requestsPerSecond <= 10_000)) {
        throw new IllegalArgumentException("requestsPerSecond: 0.01 to 10,000");
      }
      if (!timeout.isPositive() || attempts < 1 || attempts > 100) {
        throw new IllegalArgumentException("timeout: more than 0; attempts: 1 to 100");
      }
    }

    /** The usual: 10 requests in a second, 10 s for each, 6 attempts. */
    public static Options of(int networkId, List<URI> endpoints) {
      return new Options(networkId, endpoints, Optional.empty(), 10, Duration.ofSeconds(10), 6);
    }

    /** The same without the key, which is a secret. */
    @Override
    public String toString() {
      return "Options[networkId=%d, endpoints=%s]".formatted(networkId, endpoints);
    }
  }

  /** A client; asks nothing yet. */
  public ToncenterChain(Options options) {
    this(options, Timer.SYSTEM, RandomGenerator.getDefault());
  }

  ToncenterChain(Options options, Timer timer, RandomGenerator random) {
    this.options = options;
    this.rpc = new JsonRpc(options.apiKey(), options.timeout());
    this.endpoints = new Endpoints(options, rpc, timer, random);
  }

  @Override
  public int networkId() {
    return options.networkId();
  }

  @Override
  public Head head() throws ChainException {
    ObjectNode none = JsonRpc.JSON.createObjectNode();
    String method = "getMasterchainInfo";
    Optional<Head> other = endpoints.second(method, none, Fields::head);
    Head head = endpoints.call(method, none, result -> witness.head(Fields.head(result)));
    if (other.isPresent() && other.get().seqno() == head.seqno() && !other.get().equals(head)) {
      throw new ChainException(
          ChainException.Kind.INCONSISTENT,
          "two endpoints have two blocks %d of the masterchain".formatted(head.seqno()));
    }
    return head;
  }

  @Override
  public AccountState account(TonAddress address) throws ChainException {
    String method = "getAddressInformation";
    ObjectNode params = params(address);
    Optional<AccountState> other =
        endpoints.second(method, params, result -> Fields.account(address, result));
    if (other.isPresent()) {
      witness.compare(other.get());
    }
    return endpoints.call(
        method, params, result -> witness.account(Fields.account(address, result)));
  }

  @Override
  public List<ChainTransaction> transactions(TonAddress address, long afterLt, int limit)
      throws ChainException {
    if (afterLt < 0 || limit < 1) {
      throw new IllegalArgumentException("no transactions are like this");
    }
    long newest = account(address).lastLt();
    List<ChainTransaction> transactions = new ArrayList<>();
    long from = afterLt;
    while (from < newest && transactions.size() < limit) {
      Map.Entry<Long, byte[]> anchor = witness.firstAfter(address, from).orElseThrow();
      transactions.addAll(walk(address, anchor, from, limit - transactions.size()));
      from = anchor.getKey();
    }
    return List.copyOf(transactions);
  }

  /**
   * Reads back from a known transaction; answers the oldest in the order in which they happened.
   *
   * @param afterLt where to stop
   */
  private List<ChainTransaction> walk(
      TonAddress address, Map.Entry<Long, byte[]> from, long afterLt, int limit)
      throws ChainException {
    Deque<ChainTransaction> oldest = new ArrayDeque<>();
    long lt = from.getKey();
    byte[] hash = from.getValue();
    int walked = 0;
    while (lt > afterLt) {
      List<ChainTransaction> page = page(address, lt, hash);
      for (ChainTransaction transaction : page) {
        if (transaction.lt() <= afterLt) {
          break;
        }
        witness.transaction(transaction);
        oldest.addFirst(transaction);
        if (oldest.size() > limit) {
          oldest.removeLast();
        }
      }
      ChainTransaction last = page.getLast();
      witness.remember(address, last.lt(), last.hash());
      lt = last.prevLt();
      hash = last.prevHash();
      walked += page.size();
      if (walked > MAX_WALK) {
        throw new ChainException(
            ChainException.Kind.REJECTED,
            "%s has more than %d transactions after %d: start from a later one"
                .formatted(address, MAX_WALK, afterLt));
      }
    }
    return List.copyOf(oldest);
  }

  /** Transactions from one back, at least that one; old ones are only at archives. */
  private List<ChainTransaction> page(TonAddress address, long lt, byte[] hash)
      throws ChainException {
    ObjectNode params = params(address).put("limit", PAGE).put("lt", Long.toString(lt));
    params.put("hash", Base64.getEncoder().encodeToString(hash));
    Endpoints.Reader<List<ChainTransaction>> reader = result -> linked(address, lt, hash, result);
    try {
      return endpoints.call("getTransactions", params, reader);
    } catch (ChainException e) {
      if (e.kind() == ChainException.Kind.INCONSISTENT) {
        throw e;
      }
      return endpoints.call("getTransactions", params.put("archival", true), reader);
    }
  }

  private static List<ChainTransaction> linked(
      TonAddress address, long lt, byte[] hash, JsonNode result) {
    List<ChainTransaction> page = Fields.transactions(address, result, PAGE);
    if (page.isEmpty()) {
      throw new IllegalArgumentException("transaction %d of %s is missing".formatted(lt, address));
    }
    long nextLt = lt;
    byte[] nextHash = hash;
    for (ChainTransaction transaction : page) {
      if (transaction.lt() != nextLt || !Arrays.equals(transaction.hash(), nextHash)) {
        throw new IllegalArgumentException(
            "transaction %d %s of %s is missing"
                .formatted(nextLt, HexFormat.of().formatHex(nextHash), address));
      }
      nextLt = transaction.prevLt();
      nextHash = transaction.prevHash();
    }
    return page;
  }

  @Override
  public StackResult run(TonAddress address, String method, StackValue... arguments)
      throws ChainException {
    if (method.isEmpty() || method.length() > MAX_METHOD_CHARS) {
      throw new IllegalArgumentException("no get-method has such a name");
    }
    ArrayNode stack = JsonRpc.JSON.createArrayNode();
    for (StackValue argument : arguments) {
      stack.add(argument(argument));
    }
    ObjectNode params = params(address).put("method", method);
    params.set("stack", stack);
    return endpoints.call("runGetMethod", params, Fields::stack);
  }

  private static ArrayNode argument(StackValue value) {
    ArrayNode pair = JsonRpc.JSON.createArrayNode();
    return switch (value) {
      case StackValue.Int(BigInteger number) -> pair.add("num").add(hex(number));
      case StackValue.OfCell(var cell) -> pair.add("tvm.Cell").add(base64(cell.toBoc()));
      case StackValue.Slice(var cell) -> pair.add("tvm.Slice").add(base64(cell.toBoc()));
      case StackValue.Null() ->
          throw new IllegalArgumentException("toncenter passes no null to a get-method");
      case StackValue.Tuple(var values) ->
          throw new IllegalArgumentException("toncenter passes no tuple to a get-method");
    };
  }

  private static String hex(BigInteger number) {
    return (number.signum() < 0 ? "-0x" : "0x") + number.abs().toString(16);
  }

  @Override
  public void send(byte[] externalBoc) throws ChainException {
    ObjectNode params = JsonRpc.JSON.createObjectNode().put("boc", base64(externalBoc));
    try {
      endpoints.call("sendBoc", params, result -> true);
    } catch (ChainException e) {
      // An attempt whose answer was lost had arrived.
      if (!String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("duplicate message")) {
        throw e;
      }
    }
  }

  private static ObjectNode params(TonAddress address) {
    return JsonRpc.JSON.createObjectNode().put("address", address.toString());
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  /** Ends connections; calls that run fail. */
  @Override
  public void close() {
    rpc.close();
  }
}
