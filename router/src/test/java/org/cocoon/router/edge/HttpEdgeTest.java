package org.cocoon.router.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Run;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What HTTP clients can do wrong, or do rightly in ways that break servers. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HttpEdgeTest {
  private final TestEdge edge;

  HttpEdgeTest() throws Exception {
    edge = new TestEdge();
  }

  @AfterEach
  void stop() throws Exception {
    edge.close();
  }

  private HttpRequest.Builder request(String target) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + edge.port + target))
        .header("authorization", "Bearer ck_test");
  }

  private HttpResponse<String> send(HttpRequest request) throws Exception {
    return edge.http.send(request, BodyHandlers.ofString());
  }

  private static JsonObject error(String body) {
    JsonObject error = new JsonObject(body).getJsonObject("error");
    assertNotNull(error.getString("message"));
    assertNotNull(error.getString("type"));
    assertNotNull(error.getString("code"));
    return error;
  }

  @Test
  void pipelinedRequestsAreAnsweredInOrderAndTheirErrorsBreakNothing() throws Exception {
    try (TestEdge.Raw raw = edge.new Raw()) {
      raw.post("/v1/chat/completions", "{not json")
          .post("/v1/nowhere", "{}")
          .send(TestEdge.head("DELETE", "/v1/models", ""))
          .send(TestEdge.head("HEAD", "/v1/models", ""))
          .send(TestEdge.head("OPTIONS", "/v1/chat/completions", ""))
          .post("/v1/chat/completions", TestEdge.BODY)
          .send(TestEdge.head("GET", "/v1/models", ""));
      assertTrue(raw.response().startsWith("HTTP/1.1 400"));
      assertTrue(raw.response().startsWith("HTTP/1.1 404"));
      assertTrue(raw.response().startsWith("HTTP/1.1 405"));
      StringBuilder head = new StringBuilder(); // HEAD: headers without a body
      while (head.indexOf("\r\n\r\n") < 0) {
        head.append((char) raw.in.read());
      }
      assertTrue(head.toString().startsWith("HTTP/1.1 405"));
      assertTrue(raw.response().startsWith("HTTP/1.1 405"));
      Run run = edge.nextRun();
      edge.answer(run, "yes", 1);
      edge.finish(run);
      assertTrue(raw.response().contains("\"content\":\"yes\""));
      assertTrue(raw.response().contains("test-model"));
    }
  }

  @Test
  void whatIsNoHttpOrTooMuchOfItGetsJsonToo() throws Exception {
    for (String bad :
        List.of(
            "GET /v1/models?" + "x".repeat(6_000) + " HTTP/1.1\r\nhost: x\r\n\r\n",
            "GET /v1/models HTTP/1.1\r\nhost: x\r\nx: " + "y".repeat(20_000) + "\r\n\r\n",
            "GET /v1/models HTTP/1.1\r\nhost: x\r\nb\u0000d: y\r\n\r\n",
            "POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
            "NONSENSE\r\n\r\n")) {
      try (TestEdge.Raw raw = edge.new Raw()) {
        String response = raw.send(bad).response();
        assertTrue(response.matches("(?s)HTTP/1.[01] 400.*x-request-id: .*"), response);
        error(response.substring(response.indexOf("\r\n\r\n") + 4));
        assertTrue(raw.closed());
      }
    }
    try (TestEdge.Raw raw = edge.new Raw()) {
      String response = raw.send(TestEdge.head("GET", "/v1/models/%zz", "")).response();
      error(response.substring(response.indexOf("\r\n\r\n") + 4));
    }
  }

  @Test
  void aBodyThatIsTooLargeIsRefusedBeforeItIsSent() throws Exception {
    try (TestEdge.Raw raw = edge.new Raw()) {
      String expect = "expect: 100-continue\r\ncontent-length: 99999999\r\n";
      String response = raw.send(TestEdge.head("POST", "/v1/completions", expect)).response();
      assertTrue(response.startsWith("HTTP/1.1 413"), response);
      assertTrue(raw.closed(), "what was announced never came, so the connection ends");
    }
  }

  @Test
  void aLargeBodyThatWasRefusedLeavesTheConnectionUsable() throws Exception {
    try (TestEdge.Raw raw = edge.new Raw()) {
      raw.post("/v1/chat/completions", "x".repeat(BodyReader.LIMIT_BYTES + 1));
      assertTrue(raw.response().startsWith("HTTP/1.1 413"));
      raw.post("/v1/chat/completions", TestEdge.BODY);
      Run run = edge.nextRun();
      edge.answer(run, "still here", 2);
      edge.finish(run);
      assertTrue(raw.response().contains("still here"));
    }
  }

  @Test
  void http2ClientsGetStreamsAndALargeBodyOfOneHarmsNoOther() throws Exception {
    CompletableFuture<HttpResponse<String>> stream =
        edge.http.sendAsync(
            request("/v1/chat/completions")
                .version(HttpClient.Version.HTTP_2)
                .POST(
                    BodyPublishers.ofString(
                        TestEdge.BODY.replace("{\"model", "{\"stream\":true,\"model")))
                .build(),
            BodyHandlers.ofString());
    Run run = edge.nextRun();
    edge.answer(run, "one ", 1);
    HttpResponse<String> large =
        send(
            request("/v1/chat/completions")
                .version(HttpClient.Version.HTTP_2)
                .POST(BodyPublishers.ofByteArray(new byte[BodyReader.LIMIT_BYTES + 1]))
                .build());
    assertEquals(413, large.statusCode());
    edge.answer(run, "two", 1);
    edge.finish(run);
    String body = stream.get().body();
    assertEquals(HttpClient.Version.HTTP_2, stream.get().version());
    assertTrue(body.contains("one ") && body.contains("two") && body.endsWith("data: [DONE]\n\n"));
  }

  @Test
  void aClientThatLeavesCancelsItsRun() throws Exception {
    Run run;
    try (TestEdge.Raw raw = edge.new Raw()) {
      raw.post("/v1/chat/completions", TestEdge.BODY);
      run = edge.nextRun();
    }
    edge.awaitCancel(run.getRun());
    edge.say(
        FromWorker.newBuilder()
            .addDone(
                Done.newBuilder().setRun(run.getRun()).setFinish(FinishReason.FINISH_CANCELLED))
            .build());
    assertEquals(0, edge.inFlight());
    assertEquals(0, edge.read(edge.path::openRequests));
  }
}
