package org.cocoon.contracts.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.chain.ScriptedNode;
import org.cocoon.contracts.chain.Wallet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line: what it says, what it ends with, and when it sends nothing. */
final class ChainMainTest {
  private static final String SOMEBODY = "0:" + "77".repeat(32);

  @TempDir Path folder = Path.of("");
  private ScriptedNode node;
  private String key = "";

  private record Said(int exitCode, String out, String err) {}

  @BeforeEach
  void start() throws IOException {
    node = new ScriptedNode();
    key = folder.resolve("my.key").toString();
  }

  @AfterEach
  void stop() {
    node.close();
  }

  @Test
  void makesAKeyOnceAndShowsItsWallet() throws IOException {
    Said made = run("wallet", "new", "--key", key, "--json");
    assertEquals(0, made.exitCode(), made.err());
    JsonNode json = new ObjectMapper().readTree(made.out());
    Wallet wallet = Wallet.of(ReceiptKey.load(Path.of(key)), -31337);
    assertEquals(wallet.address().toString(), json.get("raw").asText());
    assertEquals(wallet.address().toFriendly(false, true), json.get("address").asText());
    Said again = run("wallet", "new", "--key", key);
    assertEquals(2, again.exitCode());
    assertTrue(again.err().contains("never written over"), again.err());
    Said shown = run("wallet", "show", "--key", key, "--endpoint", node.uri().toString());
    assertEquals(0, shown.exitCode(), shown.err());
    assertTrue(shown.out().contains("1.000000000 TON"), shown.out());
  }

  @Test
  void sendsNothingOnADryRunNorUnconfirmedOnMainnetNorUncovered() {
    run("wallet", "new", "--key", key);
    String[] send = {
      "wallet", "send", "--key", key, "--to", SOMEBODY, "--endpoint", node.uri().toString()
    };
    Said dry = run(with(send, "--amount", "0.5", "--dry-run", "--json"));
    assertEquals(0, dry.exitCode(), dry.err());
    assertTrue(dry.out().contains("\"takes_at_most_nanoton\" : 506"), dry.out());
    Said unconfirmed = run(with(send, "--amount", "0.5", "--network", "mainnet"));
    assertEquals(2, unconfirmed.exitCode());
    assertTrue(unconfirmed.err().contains("--yes"), unconfirmed.err());
    Said uncovered = run(with(send, "--amount", "1", "--network", "mainnet", "--yes"));
    assertEquals(1, uncovered.exitCode());
    assertTrue(uncovered.err().contains("takes up to"), uncovered.err());
    assertEquals(List.of(), node.sent);
  }

  @Test
  void saysWhatIsWrongWithACommand() throws IOException {
    run("wallet", "new", "--key", key);
    for (String[] wrong :
        new String[][] {
          {},
          {"wallet"},
          {"wallet", "show"},
          {"wallet", "show", "--address", "nobody"},
          {"wallet", "show", "--address", SOMEBODY, "--network", "mainnet"},
          {"wallet", "show", "--address", SOMEBODY, "--network", "moon"},
          {"wallet", "show", "--address", SOMEBODY, "--endpoint", "ftp://x/api/v2"},
          {"wallet", "send", "--key", key, "--to", SOMEBODY, "--amount", "1e9"},
          {"wallet", "send", "--key", key, "--to", SOMEBODY, "--amount", "-1"},
          {"wallet", "send", "--key", key + ".other", "--to", SOMEBODY, "--amount", "1"},
          {"channel", "withdraw", SOMEBODY, "--key", key},
          {"channel", "withdraw", SOMEBODY, "--key", key, "--amount", "0"},
          {"channel", "release", SOMEBODY, "--key", key, "--statement", "x"},
          {"settlement", "slash", SOMEBODY, "--key", key, "--first", "x", "--second", "y"},
          {"registry", "revoke", SOMEBODY, "abc", "--key", key},
          {"claim", "--earnings", folder.toString(), "--key", key},
        }) {
      Said said = run(wrong);
      assertEquals(2, said.exitCode(), String.join(" ", wrong) + said.err());
      assertFalse(said.err().isBlank(), String.join(" ", wrong));
      assertFalse(said.err().contains("Exception"), said.err());
    }
    Files.setPosixFilePermissions(Path.of(key), PosixFilePermissions.fromString("rw-r--r--"));
    Said open = run("wallet", "show", "--key", key);
    assertEquals(2, open.exitCode());
    assertTrue(open.err().contains("chmod 600"), open.err());
  }

  @Test
  void tellsFailuresOfTheChainApart() {
    Said nobody =
        run("wallet", "show", "--address", SOMEBODY, "--endpoint", "http://127.0.0.1:1/api/v2");
    assertEquals(3, nobody.exitCode(), nobody.err());
    Said other = run("settlement", "read", SOMEBODY, "--endpoint", node.uri().toString());
    assertEquals(4, other.exitCode(), other.err());
  }

  @Test
  void helpsWithExamples() {
    for (String[] command :
        new String[][] {{}, {"wallet"}, {"registry"}, {"settlement"}, {"channel"}, {"claim"}}) {
      Said help = run(with(command, "--help"));
      assertEquals(0, help.exitCode());
      assertTrue(help.out().contains("Examples:"), help.out());
    }
  }

  @Test
  void readsAmountsAndSpansOfTime() throws ToolException {
    assertEquals(new NanoTon(1_500_000_000), Amounts.ton("1.5"));
    assertEquals(new NanoTon(1), Amounts.ton("0.000000001"));
    assertEquals(86_400, Amounts.seconds("24h"));
    assertEquals(7, Amounts.seconds("7"));
    for (String wrong : List.of("", "1.", ".5", "0.0000000001", "9999999999.9", "1,5", "1 TON")) {
      assertThrows(ToolException.class, () -> Amounts.ton(wrong), wrong);
    }
    for (String wrong : List.of("", "h", "1y", "-1", "999999999d")) {
      assertThrows(ToolException.class, () -> Amounts.seconds(wrong), wrong);
    }
  }

  private static String[] with(String[] arguments, String... more) {
    String[] all = java.util.Arrays.copyOf(arguments, arguments.length + more.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return all;
  }

  private static Said run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exitCode =
        ChainMain.run(new PrintWriter(out, true), new PrintWriter(err, true), Map.of(), arguments);
    return new Said(exitCode, out.toString(), err.toString());
  }
}
