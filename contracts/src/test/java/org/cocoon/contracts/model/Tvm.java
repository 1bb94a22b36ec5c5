package org.cocoon.contracts.model;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.TonAddress;

/**
 * A process with the real TVM (contracts/tolk/scripts/drive.ts) that executes one message at a
 * time. One thread. What was asked and answered since the world began is kept, to show it.
 */
final class Tvm implements AutoCloseable {
  /** The devnet's global id. */
  static final int NETWORK = -31337;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .addModule(
              new SimpleModule().addSerializer(TonAddress.class, ToStringSerializer.instance))
          .enable(JsonWriteFeature.WRITE_NUMBERS_AS_STRINGS)
          .build();

  private final Process process;
  private final Writer requests;
  private final BufferedReader answers;
  private StringBuilder trace = new StringBuilder();

  /** Starts the process in contracts/tolk, where {@code npm ci} must have run. */
  Tvm(Path folder) throws IOException {
    process =
        new ProcessBuilder("node", "--import", "tsx", "scripts/drive.ts")
            .directory(folder.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    requests = process.outputWriter(UTF_8);
    answers = process.inputReader(UTF_8);
    read();
  }

  /** A new world; forgets the one before. */
  JsonNode world(Map<String, Object> request) {
    trace = new StringBuilder();
    return ask(request);
  }

  Transaction send(Message message, boolean init) {
    ObjectNode body = JSON.valueToTree(message.body());
    body.put("kind", message.body().kind());
    body.put("query", message.query());
    return Transaction.of(
        ask(
            Map.of(
                "do", "send",
                "from", message.from(),
                "to", message.to(),
                "value", message.value(),
                "bounce", message.bounce(),
                "init", init,
                "body", body)));
  }

  Transaction deliver(int id, boolean keep) {
    return Transaction.of(ask(Map.of("do", "deliver", "id", id, "keep", keep)));
  }

  void drop(int id) {
    ask(Map.of("do", "drop", "id", id));
  }

  void time(long now) {
    ask(Map.of("do", "time", "now", now));
  }

  void damage(TonAddress account, boolean frozen) {
    ask(Map.of("do", "break", "account", account, "frozen", frozen));
  }

  void heal(TonAddress account) {
    ask(Map.of("do", "heal", "account", account));
  }

  /** What a settlement contract has paid at indices that follow each other. */
  JsonNode paid(TonAddress settlement, int from, int count) {
    return ask(Map.of("do", "paid", "account", settlement, "from", from, "count", count))
        .get("entries");
  }

  boolean isRevoked(TonAddress registry, String hash) {
    return ask(Map.of("do", "revoked", "account", registry, "hash", hash))
        .get("revoked")
        .asBoolean();
  }

  /** Requests and answers of this world, a line each. */
  List<String> trace() {
    return trace.toString().lines().toList();
  }

  private JsonNode ask(Map<String, Object> request) {
    try {
      String line = JSON.writeValueAsString(request);
      trace.append(line).append('\n');
      requests.write(line);
      requests.write('\n');
      requests.flush();
      JsonNode answer = read();
      if (answer.has("error")) {
        throw new IllegalStateException(line + "\n" + answer.get("error").asText());
      }
      return answer;
    } catch (IOException e) {
      throw new IllegalStateException("the TVM's process is gone", e);
    }
  }

  private JsonNode read() throws IOException {
    String line = answers.readLine();
    if (line == null) {
      throw new IOException("it ended; see its words above");
    }
    trace.append(line).append('\n');
    return JSON.readTree(line);
  }

  @Override
  public void close() throws IOException {
    requests.close();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
