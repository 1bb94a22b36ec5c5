package org.cocoon.devnet;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.chain.ChainException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the chain said is on the disk: kill -9 takes nothing of it away. */
final class PersistenceTest {
  private static final Pattern LISTENING = Pattern.compile("event=listening api=(\\S+) ");
  private static final Address TO = Puppet.stranger(3);

  @TempDir Path dir = Path.of("");

  @Test
  void survivesKill() throws IOException, InterruptedException {
    Path data = dir.resolve("data");
    String give = "{\"address\":\"%s\",\"amount\":1000000000}".formatted(TO);
    String transactions = "/api/v2/getTransactions?limit=100&address=" + TO;
    JsonNode before = null;
    for (int round = 0; round < 3; round++) {
      Process process = start(data, round);
      try {
        String url = url(round, process);
        if (before != null) {
          assertEquals(before, TestDevnet.ask(url, transactions, null).path("result"));
        }
        assertTrue(TestDevnet.ask(url, "/devnet/faucet", give).path("ok").asBoolean());
        assertTrue(
            TestDevnet.ask(url, "/devnet/time", "{\"advanceSeconds\":3600}")
                .path("ok")
                .asBoolean());
        before = TestDevnet.ask(url, transactions, null).path("result");
        assertEquals(round + 1, before.size());
      } finally {
        process.destroyForcibly();
        assertTrue(process.waitFor(1, TimeUnit.MINUTES));
      }
    }
    try (TestDevnet devnet = new TestDevnet(data, 100)) {
      assertEquals(before, devnet.ask(transactions, null));
      JsonNode status = devnet.ask("/devnet/status", null);
      assertEquals(3 * 3600, status.path("offsetSeconds").asLong());
      assertThrows(ChainException.class, () -> new TestDevnet(data, 100), "held by another");
    }
  }

  @Test
  void removesWhatACrashCutOffAndRefusesDamage() throws IOException {
    Path data = dir.resolve("cut");
    try (TestDevnet devnet = new TestDevnet(data, 100)) {
      devnet.give(TO, 5);
      devnet.give(TO, 6);
      devnet.ask("/devnet/label", "{\"address\":\"%s\",\"name\":\"three\"}".formatted(TO));
    }
    Path file = data.resolve("chain.log");
    byte[] whole = Files.readAllBytes(file);
    byte[] cut = Arrays.copyOf(whole, whole.length - 3);
    Files.write(file, cut);
    try (TestDevnet devnet = new TestDevnet(data, 100)) {
      assertEquals(2, devnet.transactions(TO));
      devnet.give(TO, 7);
    }
    byte[] damaged = Files.readAllBytes(file);
    damaged[damaged.length / 2] ^= 1;
    Files.write(file, damaged);
    ChainException e = assertThrows(ChainException.class, () -> new TestDevnet(data, 100));
    assertTrue(String.valueOf(e.getMessage()).contains("damaged"), e.getMessage());
  }

  @Test
  void forgetsTheOldestTransactionsOnly() {
    try (TestDevnet devnet = new TestDevnet(null, 3)) {
      for (int i = 1; i <= 4; i++) {
        devnet.give(TO, i);
      }
      assertEquals(3, devnet.ask("/devnet/status", null).path("transactions").asInt());
      assertEquals(2, devnet.transactions(TO));
    }
  }

  private Process start(Path data, int round) throws IOException {
    return new ProcessBuilder(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-classpath",
                System.getProperty("java.class.path"),
                "org.cocoon.devnet.DevnetMain",
                "--listen",
                "127.0.0.1:0",
                "--data",
                data.toString(),
                "--seed",
                "0".repeat(64)))
        .redirectErrorStream(true)
        .redirectOutput(dir.resolve("out" + round).toFile())
        .start();
  }

  private String url(int round, Process process) throws InterruptedException {
    String[] found = new String[1];
    TestDevnet.await(
        "listening",
        () -> {
          try {
            String said = Files.readString(dir.resolve("out" + round), UTF_8);
            assertTrue(process.isAlive(), said);
            Matcher matcher = LISTENING.matcher(said);
            if (matcher.find()) {
              found[0] = "http://" + matcher.group(1);
            }
            return found[0] != null;
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
    return found[0];
  }
}
