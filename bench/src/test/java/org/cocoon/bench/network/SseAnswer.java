package org.cocoon.bench.network;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.cocoon.backend.FakeModel;
import org.jspecify.annotations.Nullable;

/**
 * A streamed answer as a client sees it.
 *
 * @param status of HTTP
 * @param text all of it
 * @param finish finish_reason
 * @param usage the usage object, where one came
 * @param error the error object, where one came
 * @param done whether the stream ended with [DONE]
 * @param chunks chunks that held text
 * @param pieces the bytes of each token, where log probabilities were asked for
 */
record SseAnswer(
    int status,
    String text,
    @Nullable String finish,
    @Nullable JsonObject usage,
    @Nullable JsonObject error,
    boolean done,
    int chunks,
    List<byte[]> pieces) {

  /** Hears the text as it comes. */
  interface Watcher {
    void text(int chunks) throws IOException;
  }

  static String body(String prompt, int maxTokens) {
    return new JsonObject()
        .put("model", "fake")
        .put("stream", true)
        .put("stream_options", new JsonObject().put("include_usage", true))
        .put("temperature", 0)
        .put("max_tokens", maxTokens)
        .put("ignore_eos", true)
        .put("messages", List.of(new JsonObject().put("role", "user").put("content", prompt)))
        .encode();
  }

  /** What the fake model says to a prompt: no other text is right. */
  static String expected(String prompt, int tokens) {
    int[] ids = FakeModel.tokenize("user: " + prompt + "\nassistant:");
    return FakeModel.text(FakeModel.answer(ids, tokens));
  }

  static SseAnswer ask(TestNetwork network, String body, Watcher watcher)
      throws IOException, InterruptedException {
    return ask(network.http, network.request("/v1/chat/completions"), body, watcher);
  }

  static SseAnswer ask(HttpClient http, HttpRequest.Builder request, String body, Watcher watcher)
      throws IOException, InterruptedException {
    HttpResponse<Stream<String>> response =
        http.send(
            request.POST(HttpRequest.BodyPublishers.ofString(body)).build(),
            BodyHandlers.ofLines());
    StringBuilder text = new StringBuilder();
    String finish = null;
    JsonObject usage = null;
    JsonObject error = null;
    boolean done = false;
    int chunks = 0;
    List<byte[]> pieces = new ArrayList<>();
    List<String> rest = new ArrayList<>();
    try (Stream<String> lines = response.body()) {
      for (Iterator<String> all = lines.iterator(); all.hasNext(); ) {
        String line = all.next();
        if (!line.startsWith("data: ")) {
          rest.add(line);
          continue;
        }
        if (line.equals("data: [DONE]")) {
          done = true;
          continue;
        }
        JsonObject chunk = new JsonObject(line.substring(6));
        usage = chunk.getJsonObject("usage", usage);
        error = chunk.getJsonObject("error", error);
        if (chunk.getJsonArray("choices") == null || chunk.getJsonArray("choices").isEmpty()) {
          continue;
        }
        JsonObject choice = chunk.getJsonArray("choices").getJsonObject(0);
        finish = choice.getString("finish_reason", finish);
        JsonObject logprobs = choice.getJsonObject("logprobs");
        if (logprobs != null) {
          for (Object token : logprobs.getJsonArray("content")) {
            pieces.add(bytes(((JsonObject) token).getJsonArray("bytes")));
          }
        }
        String more = choice.getJsonObject("delta").getString("content");
        if (more != null && !more.isEmpty()) {
          text.append(more);
          watcher.text(++chunks);
        }
      }
    }
    if (response.statusCode() != 200) {
      error = new JsonObject(String.join("", rest)).getJsonObject("error");
    }
    return new SseAnswer(
        response.statusCode(), text.toString(), finish, usage, error, done, chunks, pieces);
  }

  private static byte[] bytes(JsonArray values) {
    byte[] bytes = new byte[values.size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = values.getInteger(i).byteValue();
    }
    return bytes;
  }
}
