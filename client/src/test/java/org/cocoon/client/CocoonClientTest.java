package org.cocoon.client;

import static org.cocoon.client.ScriptedServer.delta;
import static org.cocoon.client.ScriptedServer.events;
import static org.cocoon.client.ScriptedServer.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.cocoon.client.ChatRequest.Message;
import org.cocoon.client.CocoonException.Kind;
import org.cocoon.contracts.NanoTon;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class CocoonClientTest {
  private static final ChatRequest HELLO =
      new ChatRequest(
          "m",
          List.of(new Message("user", "say \"hi\"\n")),
          OptionalDouble.of(0.5),
          OptionalInt.empty());
  private static final String CHAT = "/v1/chat/completions";

  private final ScriptedServer server;
  private final CocoonClient client;

  CocoonClientTest() throws IOException {
    server = new ScriptedServer();
    client = new CocoonClient(server.base(), Optional.of("k"));
  }

  @BeforeEach
  void prepare() {
    server.on(CHAT, json(500, "not even JSON"));
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
  }

  @Test
  void streamsTextThenUsageAndCost() {
    server.on(
        CHAT,
        events(
            "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}",
            delta("Hel"),
            delta("lo \uD83D\uDE00"),
            "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}",
            "{\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":3,"
                + "\"cost_nanoton\":800}}",
            "[DONE]"));
    List<String> pieces = new ArrayList<>();
    Optional<Usage> usage = client.chat(HELLO, pieces::add);
    assertEquals(List.of("Hel", "lo \uD83D\uDE00"), pieces);
    assertEquals(Optional.of(new Usage(5, 3, Optional.of(new NanoTon(800)))), usage);
    assertEquals(
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"say \\\"hi\\\"\\n\"}],"
            + "\"temperature\":0.5,\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
        server.bodies().getFirst());
  }

  @Test
  void closingStopsTheAnswerAndTheServerNotices() throws Exception {
    CountDownLatch gone = new CountDownLatch(1);
    server.on(
        CHAT,
        (exchange, body) -> {
          try (OutputStream out = ScriptedServer.startStream(exchange)) {
            byte[] event = ("data: " + delta("x") + "\n\n").getBytes(StandardCharsets.UTF_8);
            while (true) {
              out.write(event);
              out.flush();
            }
          } catch (IOException e) {
            gone.countDown();
          }
        });
    ChatStream stream = client.open(HELLO);
    assertEquals("x", stream.next());
    stream.close();
    while (stream.hasNext()) {
      stream.next();
    }
    assertFalse(stream.isComplete());
    assertTrue(gone.await(10, TimeUnit.SECONDS));
  }

  @Test
  void keepsThePiecesBeforeAnErrorWithinTheStream() {
    server.on(
        CHAT,
        events(delta("a"), "{\"error\":{\"message\":\"worker lost\",\"code\":\"worker_failed\"}}"));
    try (ChatStream stream = client.open(HELLO)) {
      assertEquals("a", stream.next());
      CocoonException e = assertThrows(CocoonException.class, stream::hasNext);
      assertEquals(Kind.FAILED, e.kind());
      assertEquals("worker_failed", e.code());
    }
  }

  @Test
  void aStreamWithoutItsEndMarkIsTruncated() {
    server.on(CHAT, events(delta("a")));
    try (ChatStream stream = client.open(HELLO)) {
      assertEquals("a", stream.next());
      assertEquals(Kind.TRUNCATED, assertThrows(CocoonException.class, stream::hasNext).kind());
    }
  }

  @Test
  void tellsRefusalsApart() {
    String body = "{\"error\":{\"message\":\"too fast\",\"type\":\"t\",\"code\":\"c\"}}";
    server.on(CHAT, json(429, body, "Retry-After", "7"));
    CocoonException limited = assertThrows(CocoonException.class, () -> client.open(HELLO));
    assertEquals(Kind.LIMITED, limited.kind());
    assertEquals(Optional.of(Duration.ofSeconds(7)), limited.retryAfter());
    assertEquals("c", limited.code());
    assertEquals("A limit is reached (too fast); try again in 7 seconds.", Advice.on(limited));
    List<Kind> kinds = new ArrayList<>();
    for (int status : new int[] {400, 401, 402, 403, 404, 408, 413, 500, 502, 503, 504}) {
      server.on(CHAT, json(status, status == 500 ? "<html>" : body));
      kinds.add(assertThrows(CocoonException.class, () -> client.open(HELLO)).kind());
    }
    assertEquals(
        List.of(
            Kind.REJECTED,
            Kind.UNAUTHORISED,
            Kind.UNFUNDED,
            Kind.FORBIDDEN,
            Kind.REJECTED,
            Kind.TIMED_OUT,
            Kind.REJECTED,
            Kind.FAILED,
            Kind.FAILED,
            Kind.UNAVAILABLE,
            Kind.TIMED_OUT),
        kinds);
  }

  @Test
  void saysWhenNothingAnswers() {
    server.close();
    CocoonException e = assertThrows(CocoonException.class, client::models);
    assertEquals(Kind.UNREACHABLE, e.kind());
    assertTrue(Advice.on(e).contains("cocoon up"), Advice.on(e));
  }

  @Test
  void addsTheVersionToABareAddressOnly() {
    assertEquals("http://h:1/v1", CocoonClient.normalised(URI.create("HTTP://h:1/")).toString());
    assertEquals(
        "https://h/a/v1", CocoonClient.normalised(URI.create("https://h/a/v1/")).toString());
    assertThrows(
        IllegalArgumentException.class, () -> CocoonClient.normalised(URI.create("h:1/v1")));
  }
}
