package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;

/**
 * A provisioning certificate caching server for this machine alone: gives what it was given, on the
 * paths and in the forms of Intel's service.
 *
 * <p>It stands in for the maker of simulated platforms, and can misbehave in the ways that a client
 * must survive. Safe for use by many threads.
 */
public final class LocalPccs implements AutoCloseable {
  private static final int BACKLOG = 16;
  private static final int MAX_PLATFORMS = 64;

  /** How it answers. */
  public enum Fault {
    /** As it should. */
    NONE,
    /** Sends the headers and then nothing more, until it is closed. */
    STALL,
    /** Gives every platform the first one's TCB info. */
    WRONG_PLATFORM,
    /** Sends bytes that are neither JSON nor a list. */
    GARBAGE,
    /** Sends a body that never ends. */
    ENDLESS,
    /** Sends status 500. */
    BROKEN
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Map<String, Collateral> byFmspc = new ConcurrentSkipListMap<>();
  private final Map<CaType, Collateral> byCa = new ConcurrentSkipListMap<>();
  private final AtomicInteger requests = new AtomicInteger();
  private volatile Fault fault = Fault.NONE;
  private volatile boolean hexLists = true;

  /**
   * Starts one on the loopback address.
   *
   * @param port 0 takes any free one
   */
  public LocalPccs(int port) throws IOException {
    server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** Serves this from now on, in place of what it had for the platform and the authority. */
  public void serve(String fmspc, CaType ca, Collateral collateral) {
    if (byFmspc.size() >= MAX_PLATFORMS && !byFmspc.containsKey(fmspc)) {
      throw new IllegalStateException("it serves at most " + MAX_PLATFORMS + " platforms");
    }
    byFmspc.put(fmspc, collateral);
    byCa.put(ca, collateral);
  }

  /** Answers in this way from now on. */
  public void use(Fault newFault) {
    fault = newFault;
  }

  /** Whether revocation lists go out in hexadecimal digits, as PCCS has them, or as DER. */
  public void useHexLists(boolean hex) {
    hexLists = hex;
  }

  /** Its address, as a node's operator gives it. */
  public URI base() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** How many requests it has seen. */
  public int requests() {
    return requests.get();
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.close();
  }

  private void handle(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    try (exchange) {
      switch (fault) {
        case NONE, WRONG_PLATFORM -> answer(exchange);
        case STALL -> {
          exchange.sendResponseHeaders(200, 0);
          closed.await();
        }
        case GARBAGE -> send(exchange, "<html>gateway</html>".getBytes(US_ASCII));
        case ENDLESS -> sendEndlessly(exchange);
        case BROKEN -> exchange.sendResponseHeaders(500, -1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    Map<String, String> query = query(exchange.getRequestURI());
    String path = exchange.getRequestURI().getPath();
    Optional<Collateral> found =
        switch (path) {
          case "/tdx/certification/v4/tcb" -> platform(query.getOrDefault("fmspc", ""));
          case "/sgx/certification/v4/pckcrl" -> authority(query.getOrDefault("ca", ""));
          case "/tdx/certification/v4/qe/identity", "/sgx/certification/v4/rootcacrl" ->
              byFmspc.values().stream().findFirst();
          default -> Optional.empty();
        };
    if (found.isEmpty()) {
      exchange.sendResponseHeaders(404, -1);
      return;
    }
    Collateral collateral = found.get();
    switch (path) {
      case "/tdx/certification/v4/tcb" -> {
        chain(exchange, "TCB-Info-Issuer-Chain", collateral.tcbInfoIssuerChain());
        send(exchange, signed("tcbInfo", collateral.tcbInfo(), collateral.tcbInfoSignature()));
      }
      case "/tdx/certification/v4/qe/identity" -> {
        chain(exchange, "SGX-Enclave-Identity-Issuer-Chain", collateral.qeIdentityIssuerChain());
        send(
            exchange,
            signed("enclaveIdentity", collateral.qeIdentity(), collateral.qeIdentitySignature()));
      }
      case "/sgx/certification/v4/pckcrl" -> {
        chain(exchange, "SGX-PCK-CRL-Issuer-Chain", collateral.pckCrlIssuerChain());
        send(exchange, list(collateral.pckCrl()));
      }
      default -> send(exchange, list(collateral.rootCaCrl()));
    }
  }

  private Optional<Collateral> platform(String fmspc) {
    return fault == Fault.WRONG_PLATFORM
        ? byFmspc.values().stream().findFirst()
        : Optional.ofNullable(byFmspc.get(fmspc.toLowerCase(Locale.ROOT)));
  }

  private Optional<Collateral> authority(String word) {
    return byCa.entrySet().stream()
        .filter(entry -> entry.getKey().word().equals(word))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  private byte[] list(byte[] der) {
    return hexLists ? HexFormat.of().formatHex(der).getBytes(US_ASCII) : der;
  }

  private static byte[] signed(String name, String text, byte[] signature) {
    return ("{\""
            + name
            + "\":"
            + text
            + ",\"signature\":\""
            + HexFormat.of().formatHex(signature)
            + "\"}")
        .getBytes(UTF_8);
  }

  private static void chain(HttpExchange exchange, String header, String pem) {
    exchange.getResponseHeaders().set(header, URLEncoder.encode(pem, US_ASCII).replace("+", "%20"));
  }

  private static void send(HttpExchange exchange, byte[] body) throws IOException {
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
  }

  /** Ends when the other side closes the connection. */
  private static void sendEndlessly(HttpExchange exchange) throws IOException {
    exchange.sendResponseHeaders(200, 0);
    byte[] block = "0".repeat(8192).getBytes(US_ASCII);
    try (OutputStream out = exchange.getResponseBody()) {
      while (true) {
        out.write(block);
      }
    }
  }

  private static Map<String, String> query(URI address) {
    Map<String, String> query = new TreeMap<>();
    String text = address.getQuery();
    for (String pair : text == null ? new String[0] : text.split("&", 8)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        query.put(pair.substring(0, equals), pair.substring(equals + 1));
      }
    }
    return query;
  }
}
