package org.cocoon.devnet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.cocoon.devnet.api.DevnetServer;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.chain.ChainOptions;
import org.cocoon.devnet.chain.ChainThread;
import org.jspecify.annotations.Nullable;

/** A devnet in this process, and a client of it. */
public final class TestDevnet implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long PATIENCE_NANOS = Duration.ofSeconds(60).toNanos();

  private final Vertx vertx = Vertx.vertx();
  private final HttpClient http = HttpClient.newHttpClient();
  private final ChainThread chain;
  private final String url;

  /** Starts one whose seed is zeros, and that makes no empty blocks by itself. */
  public TestDevnet(@Nullable Path folder, int history) {
    chain = ChainThread.open(new ChainOptions(folder, new byte[32], 0, history, Clock.systemUTC()));
    int port = new DevnetServer(vertx, chain).listen("127.0.0.1", 0).await().actualPort();
    url = "http://127.0.0.1:" + port;
  }

  /** A client of a devnet elsewhere. */
  public static JsonNode ask(String base, String path, @Nullable String body)
      throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return JSON.readTree(exchange(client, base + path, body).body());
    }
  }

  private static HttpResponse<String> exchange(
      HttpClient client, String address, @Nullable String body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(address)).timeout(Duration.ofSeconds(60));
    if (body != null) {
      request.POST(BodyPublishers.ofString(body));
    }
    return client.send(request.build(), BodyHandlers.ofString());
  }

  /** Where it listens. */
  public String url() {
    return url;
  }

  /** An answer, whatever it is: GET without a body, POST with one. */
  public HttpResponse<String> exchange(String path, @Nullable String body) {
    try {
      return exchange(http, url + path, body);
    } catch (IOException e) {
      throw new AssertionError(path, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(path, e);
    }
  }

  /** The result of a call that must go well. */
  public JsonNode ask(String path, @Nullable String body) {
    HttpResponse<String> response = exchange(path, body);
    assertEquals(200, response.statusCode(), () -> path + ": " + response.body());
    JsonNode node = json(response);
    assertTrue(node.path("ok").asBoolean(), response.body());
    return node.path("result");
  }

  /** A body as JSON. */
  public static JsonNode json(HttpResponse<String> response) {
    try {
      return JSON.readTree(response.body());
    } catch (IOException e) {
      throw new AssertionError(response.body(), e);
    }
  }

  /** Gives nanoTON. */
  public void give(Address to, long nanoTon) {
    ask(
        "/devnet/faucet",
        String.format(Locale.ROOT, "{\"address\":\"%s\",\"amount\":%d}", to, nanoTon));
  }

  /** Sends an external message; returns the HTTP status. */
  public int send(String boc) {
    return exchange("/api/v2/sendBoc", "{\"boc\":\"" + boc + "\"}").statusCode();
  }

  /** Replaces the fault rules. */
  public void faults(String... rules) {
    ask("/devnet/faults", "{\"seed\":1,\"rules\":[" + String.join(",", rules) + "]}");
  }

  /** Lets time pass. */
  public void advance(long seconds) {
    ask("/devnet/time", "{\"advanceSeconds\":" + seconds + "}");
  }

  /** How much an account has. */
  public BigInteger balance(Address address) {
    return new BigInteger(ask("/api/v2/getAddressBalance?address=" + address, null).asText());
  }

  /** How many transactions an account had, up to 100. */
  public int transactions(Address address) {
    return ask("/api/v2/getTransactions?limit=100&address=" + address, null).size();
  }

  /** Number of the newest block. */
  public long seqno() {
    return ask("/api/v2/getMasterchainInfo", null).path("last").path("seqno").asLong();
  }

  /** Waits until something holds, up to a minute. */
  public static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long began = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() - began < PATIENCE_NANOS, what);
      Thread.sleep(10);
    }
  }

  @Override
  public void close() {
    vertx.close().await();
    chain.close();
    http.close();
  }
}
