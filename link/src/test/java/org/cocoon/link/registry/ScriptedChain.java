package org.cocoon.link.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A toncenter that says of one account what it is told to say. */
public final class ScriptedChain implements AutoCloseable {
  /** The account. */
  public static final RegistryAddress ADDRESS = new RegistryAddress("0:" + "5e".repeat(32));

  private final HttpServer server;
  private final AtomicInteger asked = new AtomicInteger();
  private volatile int status = 200;
  private volatile byte[] body = new byte[0];

  public ScriptedChain() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/api/v2/getAddressInformation", this::answer);
    server.start();
  }

  private void answer(HttpExchange exchange) throws IOException {
    asked.incrementAndGet();
    byte[] now = body;
    boolean right = ("address=" + ADDRESS.raw()).equals(exchange.getRequestURI().getRawQuery());
    exchange.sendResponseHeaders(right ? status : 404, now.length == 0 ? -1 : now.length);
    if (now.length > 0) {
      exchange.getResponseBody().write(now);
    }
    exchange.close();
  }

  /** Where it is. */
  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/api/v2");
  }

  /** How often it was asked. */
  int asked() {
    return asked.get();
  }

  /** Answers with these from now on. */
  public void says(int newStatus, String newBody) {
    body = newBody.getBytes(UTF_8);
    status = newStatus;
  }

  /** Has this registry from now on, in a block of that time. */
  public void has(long version, String document, List<String> revoked, long time) {
    byte[] data =
        TestCell.registry(version, 0, TestCell.snake(document.getBytes(UTF_8)), List.of(), revoked)
            .bag();
    says(200, account(data, time));
  }

  static String account(byte[] data, long time) {
    return """
        {"ok": true, "result": {"@type": "raw.fullAccountState", "balance": "1000000000",
         "extra_currencies": [], "code": "te6ccgEBAQEAAgAAAA==", "data": "%s",
         "last_transaction_id": {"@type": "internal.transactionId", "lt": "46000000000001",
          "hash": "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="},
         "block_id": {"@type": "ton.blockIdExt", "workchain": -1, "shard": "-9223372036854775808",
          "seqno": 12345, "root_hash": "", "file_hash": ""},
         "frozen_hash": "", "sync_utime": %d, "@extra": "1700000000.5:0:0.25", "state": "active"}}
        """
        .formatted(Base64.getEncoder().encodeToString(data), time);
  }

  /** No longer listens. */
  @Override
  public void close() {
    server.stop(0);
  }
}
