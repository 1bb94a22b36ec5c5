package org.cocoon.router.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.cocoon.link.wire.Run;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What clients of the WebSocket can do wrong, or do rightly in ways that break servers. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class WebSocketEdgeTest {
  /** Times 150 kB: more than the buffers of both ends. */
  private static final int FLOOD = 300;

  private static final String UPGRADE =
      """
      upgrade: websocket
      connection: upgrade
      sec-websocket-version: 13
      sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==
      """
          .replace("\n", "\r\n");

  private final TestEdge edge;

  WebSocketEdgeTest() throws Exception {
    edge = new TestEdge();
  }

  @AfterEach
  void stop() throws Exception {
    edge.close();
  }

  static final class Frames implements WebSocket.Listener {
    final BlockingQueue<JsonObject> heard = new LinkedBlockingQueue<>();
    final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private final StringBuilder partial = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      partial.append(data);
      if (last) {
        heard.add(new JsonObject(partial.toString()));
        partial.setLength(0);
      }
      socket.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
      closed.complete(code);
      return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable fault) {
      closed.completeExceptionally(fault);
    }

    JsonObject next(String type) throws InterruptedException {
      JsonObject frame = heard.take();
      while (!type.equals(frame.getString("type"))) {
        frame = heard.take();
      }
      return frame;
    }
  }

  private WebSocket socket(Frames frames) {
    return edge.http
        .newWebSocketBuilder()
        .header("authorization", "Bearer ck_test")
        .subprotocols("cocoon.v1")
        .buildAsync(URI.create("ws://127.0.0.1:" + edge.port + "/v1/ws"), frames)
        .join();
  }

  private static String submit(String id) {
    return "{\"type\":\"submit\",\"id\":\"%s\",\"body\":%s}".formatted(id, TestEdge.BODY);
  }

  @Test
  void aSocketTakesFragmentsAndClosesOnWhatIsNoText() throws Exception {
    Frames frames = new Frames();
    WebSocket socket = socket(frames);
    String submit = submit("a");
    socket.sendText(submit.substring(0, 20), false).join();
    socket.sendPing(java.nio.ByteBuffer.wrap(new byte[] {1})).join();
    socket.sendText(submit.substring(20), true).join();
    Run run = edge.nextRun();
    edge.answer(run, "h\u00e9", 1);
    assertEquals("h\u00e9", frames.next("delta").getString("text"));
    socket.sendText(submit("a"), true).join();
    assertEquals(400, frames.next("error").getInteger("status"), "this id runs already");
    socket.sendBinary(java.nio.ByteBuffer.wrap(new byte[] {1}), true).join();
    assertEquals(4400, frames.closed.get());
    edge.awaitCancel(run.getRun());
  }

  @Test
  void saysWhatAChatCanCostBeforeItRunsAndRefusesWorthlessVouchers() throws Exception {
    Frames frames = new Frames();
    WebSocket socket = socket(frames);
    socket.sendText(submit("a"), true).join();
    long hold = frames.next("accepted").getLong("hold_nanoton");
    Run run = edge.nextRun();
    edge.answer(run, "yes", 1);
    edge.finish(run);
    assertEquals(hold, frames.next("done").getJsonObject("usage").getLong("hold_nanoton"));
    assertTrue(hold > 0);
    socket.sendText(submit("b").replace("\"body\"", "\"voucher\":\"x\",\"body\""), true).join();
    JsonObject error = frames.next("error");
    assertEquals("b", error.getString("id"));
    assertEquals(400, error.getInteger("status"));
    assertEquals("voucher", error.getString("param"));
    socket.sendText(submit("b"), true).join();
    assertEquals("b", frames.next("accepted").getString("id"), "the id is free again");
  }

  @Test
  void aMessageThatIsTooLongEndsTheSocketAndWhatRanOnIt() throws Exception {
    Frames frames = new Frames();
    WebSocket socket = socket(frames);
    socket.sendText(submit("a"), true).join();
    Run run = edge.nextRun();
    for (int i = 0; i < 5; i++) {
      socket.sendText("x".repeat(300_000), false).exceptionally(gone -> socket).join();
    }
    edge.awaitCancel(run.getRun());
  }

  @Test
  void cancelFreesTheIdAndALateEndOfTheOldChatDoesNotEndTheNewOne() throws Exception {
    Frames frames = new Frames();
    WebSocket socket = socket(frames);
    socket.sendText(submit("a"), true).join();
    Run first = edge.nextRun();
    edge.answer(first, "old", 1);
    frames.next("delta");
    socket.sendText("{\"type\":\"cancel\",\"id\":\"a\"}", true).join();
    assertEquals("cancelled", frames.next("done").getString("finish"));
    socket.sendText(submit("a"), true).join();
    Run second = edge.nextRun();
    edge.answer(first, "late", 1);
    edge.finish(first);
    edge.answer(second, "new", 1);
    assertEquals("new", frames.next("delta").getString("text"));
    edge.finish(second);
    JsonObject done = frames.next("done");
    assertEquals("stop", done.getString("finish"));
    assertEquals(1, done.getJsonObject("usage").getInteger("completion_tokens"));
    socket.abort();
  }

  @Test
  void whoAsksWithoutReadingIsNoLongerReadFrom() throws Exception {
    try (TestEdge.Raw raw = edge.new Raw()) {
      raw.send(TestEdge.head("GET", "/v1/ws", UPGRADE));
      assertTrue(raw.response().startsWith("HTTP/1.1 101"));
      byte[] frame = masked(submit("i".repeat(100)).replace("submit", "unknown"));
      // A router that reads on would take all of these, and keep an answer to each.
      Buffer flood = Buffer.buffer();
      for (int i = 0; i < 1_000; i++) {
        flood.appendBytes(frame);
      }
      byte[] bytes = flood.getBytes();
      AtomicInteger written = new AtomicInteger();
      CompletableFuture<Boolean> all = new CompletableFuture<>();
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  for (int i = 0; i < FLOOD; i++) {
                    raw.write(bytes);
                    written.incrementAndGet();
                  }
                  all.complete(true);
                } catch (IOException e) {
                  all.complete(false);
                }
              });
      int before = -1;
      while (written.get() != before) { // until the router takes no more
        before = written.get();
        edge.vertx.timer(300, TimeUnit.MILLISECONDS).await(10, TimeUnit.SECONDS);
      }
      assertFalse(all.isDone(), "all frames were read from a client that reads nothing");
      byte[] some = new byte[1 << 16];
      while (written.get() < before + 5) { // who reads again is read from again
        assertTrue(raw.in.read(some) > 0);
      }
    }
  }

  private static byte[] masked(String text) {
    byte[] payload = text.getBytes(StandardCharsets.US_ASCII);
    Buffer frame = Buffer.buffer();
    frame.appendUnsignedByte((short) 0x81);
    if (payload.length < 126) {
      frame.appendUnsignedByte((short) (0x80 | payload.length));
    } else {
      frame.appendUnsignedByte((short) (0x80 | 126)).appendUnsignedShort(payload.length);
    }
    return frame.appendInt(0).appendBytes(payload).getBytes(); // a mask of zeroes
  }
}
