package org.cocoon.devnet.tvm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.cocoon.devnet.Programs;
import org.cocoon.devnet.cell.Boc;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The emulator inside the JVM against the same one inside Node. */
final class EmulatorTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path TOLK = Path.of("../tolk").toAbsolutePath().normalize();
  private static final int TRANSACTIONS = 300;
  private static final int SEED = 20_261_126;

  @TempDir Path dir = Path.of("");

  @Test
  void answersBitForBitLikeNode() throws IOException, InterruptedException {
    if (!Files.isDirectory(TOLK.resolve("node_modules"))) {
      Programs.run(TOLK, List.of("npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"));
    }
    Path recorded = dir.resolve("calls.tsv");
    Path script = Path.of("src/test/node/record.mts").toAbsolutePath();
    Programs.run(
        TOLK,
        List.of(
            TOLK.resolve("node_modules/.bin/tsx").toString(),
            script.toString(),
            recorded.toString(),
            Integer.toString(SEED),
            Integer.toString(TRANSACTIONS)));
    List<String> differences = onDeepStack(Files.readAllLines(recorded, UTF_8));
    assertEquals(List.of(), differences, "seed " + SEED);
  }

  private static List<String> onDeepStack(List<String> lines) throws InterruptedException {
    CompletableFuture<List<String>> found = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .stackSize(Emulator.STACK_BYTES)
            .start(
                () -> {
                  try {
                    found.complete(compare(lines));
                  } catch (IOException | RuntimeException | AssertionError e) {
                    found.completeExceptionally(e);
                  }
                });
    thread.join();
    return found.join();
  }

  private static List<String> compare(List<String> lines) throws IOException {
    byte[] config = resource("config.boc");
    Emulator emulator = new Emulator(config, resource("getters.boc"));
    List<String> differences = new ArrayList<>();
    int transactions = 0;
    int getters = 0;
    long nanos = 0;
    for (String line : lines) {
      String[] call = line.split("\t", -1);
      JsonNode parameters = JSON.readTree(call[0].equals("tx") ? call[3] : call[1]);
      JsonNode wanted = JSON.readTree(call[4]);
      boolean same;
      long began = System.nanoTime();
      if (call[0].equals("tx")) {
        transactions++;
        same = sameTransaction(emulator, call, parameters, wanted);
      } else {
        getters++;
        assertEquals(Boc.parse(config).hashHex(), call[3], "the configuration is another one");
        same = sameGet(emulator, call, parameters, wanted);
      }
      nanos += System.nanoTime() - began;
      if (!same) {
        differences.add(line);
      }
    }
    assertTrue(transactions >= TRANSACTIONS && getters > 10, transactions + " and " + getters);
    System.out.printf(
        "%d transactions and %d get-methods like Node's, %.1f ms each%n",
        transactions, getters, nanos / 1e6 / (transactions + getters));
    return differences;
  }

  private static boolean sameTransaction(
      Emulator emulator, String[] call, JsonNode parameters, JsonNode wanted) {
    Execution execution =
        emulator.transaction(
            call[1],
            call[2],
            parameters.path("utime").asLong(),
            parameters.path("lt").asLong(),
            HexFormat.of().parseHex(parameters.path("rand_seed").asText()),
            parameters.path("ignore_chksig").asBoolean());
    return switch (execution) {
      case Execution.Done done ->
          done.transaction().equals(wanted.path("transaction").asText())
              && done.shardAccount().equals(wanted.path("shard_account").asText());
      case Execution.Refused refused ->
          refused.error().equals(wanted.path("error").asText())
              && refused.exitCode() == wanted.path("vm_exit_code").asInt();
    };
  }

  private static boolean sameGet(
      Emulator emulator, String[] call, JsonNode parameters, JsonNode wanted) {
    GetResult result =
        emulator.get(
            new GetCall(
                parameters.path("code").asText(),
                parameters.path("data").asText(),
                parameters.path("address").asText(),
                new BigInteger(parameters.path("balance").asText()),
                parameters.path("unixtime").asLong(),
                HexFormat.of().parseHex(parameters.path("rand_seed").asText()),
                parameters.path("method_id").asInt(),
                call[2]));
    return result.stack().equals(wanted.path("stack").asText())
        && result.gasUsed() == wanted.path("gas_used").asLong()
        && result.exitCode() == wanted.path("vm_exit_code").asInt();
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = Emulator.class.getResourceAsStream("/org/cocoon/devnet/" + name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    }
  }
}
