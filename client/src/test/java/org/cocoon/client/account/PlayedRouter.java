package org.cocoon.client.account;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.cocoon.client.Json;
import org.cocoon.contracts.KeyGrant;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.Release;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.SettlementContract;
import org.jspecify.annotations.Nullable;

/** A router's answers about money, for one client, with what a dishonest one would say. */
final class PlayedRouter implements AutoCloseable {
  static final ReceiptKey KEY = ReceiptKey.ofSeed(new byte[32]);
  private static final ReceiptKey OTHER =
      ReceiptKey.ofSeed("another router's secret seed 32b".getBytes(UTF_8));

  /** What is wrong with a release. */
  enum Forgery {
    NONE,
    OTHER_KEY,
    LESS,
    CLOSES
  }

  private final SettlementContract.Terms terms;
  private final URI endpoint;
  private final Chain chain;
  private final HttpServer server;
  private final Map<String, String> lies = new ConcurrentHashMap<>();
  private final List<String> grants = new CopyOnWriteArrayList<>();
  private final List<String> told = new CopyOnWriteArrayList<>();
  private volatile boolean deployed = true;
  private volatile Forgery forgery = Forgery.NONE;
  private volatile @Nullable TonAddress channel;
  private volatile long ceiling;
  private final AtomicInteger openings = new AtomicInteger();

  PlayedRouter(SettlementContract.Terms terms, URI endpoint, Chain chain) throws IOException {
    this.terms = terms;
    this.endpoint = endpoint;
    this.chain = chain;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    server.createContext("/", this::handle);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
  }

  TonAddress channel() {
    TonAddress known = channel;
    if (known == null) {
      throw new AssertionError("no channel was registered");
    }
    return known;
  }

  long ceiling() {
    return ceiling;
  }

  void say(String field, @Nullable String lie) {
    if (lie == null) {
      lies.remove(field);
    } else {
      lies.put(field, lie);
    }
  }

  void deployed(boolean is) {
    deployed = is;
  }

  void forge(Forgery kind) {
    forgery = kind;
  }

  boolean granted(String apiKey) {
    return grants.contains(hash(apiKey));
  }

  /** Whether it heard this key before it was granted. */
  boolean heard(String apiKey) {
    return told.stream().anyMatch(body -> body.contains(apiKey));
  }

  private static String hash(String text) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] bytes = exchange.getRequestBody().readAllBytes();
      told.add(new String(bytes, UTF_8));
      Json body = bytes.length == 0 ? Json.NONE : Json.parse(bytes, bytes.length);
      String key =
          Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")).orElse("");
      answer(exchange, exchange.getRequestURI().getPath(), body, key);
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  private void answer(HttpExchange exchange, String path, Json body, String key) throws Exception {
    switch (path) {
      case "/v1/network" -> send(exchange, 200, network());
      case "/v1/account" -> {
        if (key.isEmpty() || !granted(key.substring("Bearer ".length()))) {
          send(exchange, 401, "{\"error\":{\"message\":\"Nobody has this API key.\"}}");
        } else {
          send(exchange, 200, account());
        }
      }
      case "/v1/channels" -> open(exchange, body);
      case "/v1/vouchers" -> {
        ceiling = Voucher.parse(body.at("voucher").text("")).ceiling().nanos();
        send(exchange, 200, "{\"accepted\":true,\"credit_nanoton\":1}");
      }
      case "/v1/withdrawals" -> withdraw(exchange, body);
      default -> send(exchange, 404, "{}");
    }
  }

  private String network() {
    SettlementContract.Terms said =
        deployed
            ? terms
            : new SettlementContract.Terms(
                terms.registry(), terms.owner(), terms.routerKey(), 77, terms.minStake());
    return """
    {"settlement":{"network_id":-31337,"settlement":"%s","registry":"%s","owner":"%s",
     "router_key":"%s","delay_seconds":%d,"min_stake_nanoton":%d,"fee_permille":50,
     "voucher_margin_seconds":3600,"max_voucher_seconds":31536000,"chain":["%s"],
     "explorer_address":"","explorer_transaction":"http://explorer/{hash}"}}
    """
        .formatted(
            SettlementContract.address(said),
            said.registry(),
            said.owner(),
            lies.getOrDefault("router_key", HexFormat.of().formatHex(said.routerKey())),
            said.delaySeconds(),
            said.minStake().nanos(),
            endpoint);
  }

  private String account() throws Exception {
    ChannelContract.State state = ChannelContract.read(chain, channel()).orElseThrow();
    return """
    {"account":7,"name":"x","balance_nanoton":1,"deposited_nanoton":1,"used_nanoton":0,
     "withdrawn_nanoton":0,"leased_nanoton":0,"prepaid_nanoton":0,"refundable_nanoton":0,
     "channel":{"address":"%s","owner":"%s","voucher_key":"%s","status":"open",
      "deposited_nanoton":%d,"claimed_nanoton":0,"withdrawn_nanoton":%d,"pending_nanoton":0,
      "ceiling_nanoton":%d,"due_nanoton":0,"credit_nanoton":0,"withdrawable_nanoton":0}}
    """
        .formatted(
            channel(),
            state.terms().owner(),
            HexFormat.of().formatHex(state.terms().voucherKey()),
            state.deposited().nanos(),
            state.withdrawn().nanos(),
            ceiling);
  }

  private void open(HttpExchange exchange, Json body) throws IOException {
    byte[] voucherKey = HexFormat.of().parseHex(body.at("voucher_key").text(""));
    TonAddress address =
        ChannelContract.address(
            SettlementContract.channelTerms(
                terms, TonAddress.parse(body.at("owner").text("")), voucherKey));
    KeyGrant grant = KeyGrant.parse(body.at("key_grant").text(""));
    Voucher voucher = Voucher.parse(body.at("voucher").text(""));
    long now = Instant.now().getEpochSecond();
    if (!grant.isFor(-31337, address, now)
        || !grant.isSignedBy(voucherKey)
        || !voucher.isFor(-31337, address, now)
        || !voucher.isSignedBy(voucherKey)
        || Arrays.equals(grant.keyHash(), new byte[32])) {
      send(exchange, 400, "{\"error\":{\"message\":\"worthless\"}}");
      return;
    }
    channel = address;
    ceiling = voucher.ceiling().nanos();
    grants.add(HexFormat.of().formatHex(grant.keyHash()));
    exchange.getResponseHeaders().set("Retry-After", "0");
    send(
        exchange,
        openings.incrementAndGet() == 1 ? 202 : 200,
        "{\"account\":7,\"key\":{\"id\":1}}");
  }

  private void withdraw(HttpExchange exchange, Json body) throws Exception {
    ChannelContract.State state = ChannelContract.read(chain, channel()).orElseThrow();
    boolean closes = body.at("kind").text("").equals("close") != (forgery == Forgery.CLOSES);
    long amount = body.at("amount_nanoton").number(state.locked().nanos());
    if (amount > state.locked().nanos()) {
      send(exchange, 400, "{\"error\":{\"message\":\"There is less.\"}}");
      return;
    }
    long less = forgery == Forgery.LESS ? 1 : 0;
    Release release =
        Release.sign(
            forgery == Forgery.OTHER_KEY ? OTHER : KEY,
            -31337,
            channel(),
            state.claimed(),
            state.withdrawn().plus(new NanoTon(amount - less)),
            closes,
            Instant.now().getEpochSecond() + 600);
    send(
        exchange,
        200,
        "{\"state\":\"released\",\"amount_nanoton\":%d,\"release\":\"%s\"}"
            .formatted(amount, release.toText()));
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
