package org.cocoon.client;

import static org.cocoon.client.ScriptedServer.delta;
import static org.cocoon.client.ScriptedServer.events;
import static org.cocoon.client.ScriptedServer.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(30)
class CommandsTest {
  private static final String USAGE =
      "{\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1,"
          + "\"cost_nanoton\":1500}}";
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-01-01T00:10:00Z"), ZoneOffset.UTC);

  private final ScriptedServer server;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  CommandsTest() throws IOException {
    server = new ScriptedServer();
    server.on("/v1/models", json(200, "{\"data\":[{\"id\":\"first\"},{\"id\":\"second\"}]}"));
    server.on("/v1/chat/completions", events(delta("\u00dc\u001b[2J"), USAGE, "[DONE]"));
  }

  @AfterEach
  void close() {
    server.close();
  }

  private int run(boolean interactive, String input, String... arguments) {
    PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
    PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8);
    Terminal terminal =
        new Terminal(
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            outStream,
            errStream,
            interactive,
            false);
    CommandLine line =
        ClientMain.commandLine(
            terminal, Map.of("OPENAI_BASE_URL", server.base().toString()), CLOCK);
    return line.execute(arguments);
  }

  private String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String complained() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void answersAPipeWithPlainTextOnly() {
    assertEquals(0, run(false, "hi\nthere\n", "chat"));
    assertEquals("\u00dc\u001b[2J\n", printed());
    assertEquals("", complained());
    assertTrue(server.bodies().getLast().contains("\"model\":\"first\""));
    assertTrue(server.bodies().getLast().contains("\"content\":\"hi\\nthere\""));
  }

  @Test
  void keepsTheConversationUntilReset() {
    assertEquals(0, run(true, "one\ntwo\n/reset\nthree\n/quit\n", "chat", "--system", "S"));
    assertTrue(
        server
            .bodies()
            .get(2)
            .contains(
                "{\"role\":\"user\",\"content\":\"one\"},{\"role\":\"assistant\",\"content\":"));
    assertTrue(
        server
            .bodies()
            .get(3)
            .contains(
                "\"messages\":[{\"role\":\"system\",\"content\":\"S\"},"
                    + "{\"role\":\"user\",\"content\":\"three\"}]"));
    assertTrue(printed().contains("5 + 1 tokens"), printed());
    assertTrue(printed().contains("0.000001500 TON"), printed());
    assertTrue(printed().indexOf('\u001b') < 0, "a model moved the cursor");
  }

  @Test
  void aFailedQuestionIsNotRemembered() {
    server.on(
        "/v1/chat/completions",
        json(402, "{\"error\":{\"message\":\"0.5 TON are missing\",\"code\":\"balance\"}}"));
    assertEquals(0, run(true, "one\ntwo\n", "chat", "--model", "m"));
    assertEquals(
        "The balance is too small (0.5 TON are missing); top up the account.",
        complained().lines().findFirst().orElse(""));
    assertTrue(server.bodies().getLast().contains("[{\"role\":\"user\",\"content\":\"two\"}]"));
  }

  @Test
  void exitsWithOneWhenRefusedAndTwoWhenMisused() {
    server.on("/v1/models", json(401, "{\"error\":{\"message\":\"unknown key\"}}"));
    assertEquals(1, run(false, "", "chat", "hi"));
    assertEquals(
        "The key was not accepted (unknown key); give one with --key or OPENAI_API_KEY.",
        complained().strip());
    assertEquals(2, run(false, "", "chat", "--temperature", "3", "hi"));
    assertEquals(2, run(false, "", "chat", "--url", "nonsense", "hi"));
    assertEquals(2, run(false, ""));
  }

  @Test
  void showsTheNetworkAsATable() {
    server.on(
        "/v1/network",
        json(
            200,
            "{\"router\":{\"name\":\"router-1\",\"version\":\"0.1.0\",\"uptime_seconds\":75,"
                + "\"simulated\":[\"tee\"],\"measurement\":\"ab\"},\"workers\":[{\"name\":\"w1\","
                + "\"id\":\"x\",\"state\":\"ready\",\"models\":[{\"name\":\"smol\",\"revision\":"
                + "\"r\",\"context_tokens\":2048,\"slots\":8}],\"running\":2,\"queued\":1,"
                + "\"slots\":8,\"tokens_per_second\":31.25,\"coefficient\":1100,\"simulated\":"
                + "[\"tee\"],\"attested_at\":\"2026-01-01T00:08:00Z\",\"tcb_status\":"
                + "\"UpToDate\",\"image_hash\":\"\"}],"
                + "\"models\":[{\"name\":\"smol\",\"workers\":1,\"price_nanoton_per_1000_tokens\":"
                + "{\"min\":100,\"max\":110}}],\"tokens_per_second\":31.25}"));
    assertEquals(0, run(false, "", "status"));
    assertEquals(
        """
        router-1 at %s, version 0.1.0, up for 1 min 15 s
        SIMULATED, not for secrets: tee

        WORKER  STATE  MODEL  BUSY    QUEUED  TOKENS/S  PRICE   ATTESTED       TCB
        w1      ready  smol   2 of 8  1       31.3      x1.100  2 min 0 s ago  UpToDate

        MODEL  WORKERS  NANOTON PER 1000 TOKENS
        smol   1        100 to 110

        31.3 tokens/s in the whole network now
        """
            .formatted(server.base()),
        printed());
  }

  @Test
  void statusSaysWhenNothingRuns() {
    server.close();
    assertEquals(1, run(false, "", "status"));
    assertTrue(complained().startsWith("nothing answers at 127.0.0.1:"), complained());
  }

  @Test
  void sidecarSaysWhatIsWrongWithItsOptions() {
    assertEquals(2, run(false, "", "client", "--policy", "p.json"));
    assertTrue(complained().contains("say which router with --router https://HOST:PORT"));
    assertEquals(2, run(false, "", "client", "--router", "https://127.0.0.1:1"));
    assertTrue(complained().contains("say whose evidence is accepted: --policy FILE"));
    String plain = server.base().toString();
    assertEquals(2, run(false, "", "client", "--router", plain, "--policy", "p.json"));
    assertTrue(complained().contains("without evidence nothing is sent to it"));
    assertEquals(0, server.bodies().size());
    assertEquals(1, run(false, "", "client", "--router", "https://[::1]:1", "--policy", "p.json"));
    assertTrue(printed().contains("cocoon client: p.json"), printed());
  }

  @Test
  void aDocumentIsCheckedBeforeItIsPublished(@TempDir Path folder) throws IOException {
    Path document = folder.resolve("network.json");
    Files.writeString(
        document,
        "{\"version\": 1, \"policy\": {\"version\": 1}, \"routers\": [{\"name\": \"r1\"}]}");
    assertEquals(0, run(false, "", "registry", "check", document.toString()));
    assertTrue(out.toString(StandardCharsets.UTF_8).contains("routers     r1"));
    Files.writeString(document, "{\"version\": 1, \"polcy\": {}}");
    assertEquals(1, run(false, "", "registry", "check", document.toString()));
    assertTrue(
        err.toString(StandardCharsets.UTF_8).contains("'polcy' is unknown; did you mean 'policy'"));
    assertEquals(2, run(false, "", "registry", "check", folder.resolve("none").toString()));
    assertEquals(2, run(false, "", "registry", "show"));
  }
}
