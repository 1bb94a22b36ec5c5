package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.cocoon.bench.network.Launcher.Api;
import org.cocoon.bench.network.Launcher.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A network that is paid for, as people use it: three clients deposit on the devnet, a hundred
 * chats, epochs, payouts to two workers' owners, a withdrawal, a closing; and every balance, on the
 * chain and in the ledger, explained to the nanoTON. Slow: about a minute.
 */
@Timeout(value = 420, unit = TimeUnit.SECONDS)
class PaidNetworkTest {
  private static final int CHATS = 100;
  private static final int OTHERS = 2;
  private static final String FILLED = "20000000000";

  @TempDir Path folder = Path.of("");
  private final HttpClient http = HttpClient.newHttpClient();
  private Launcher launcher;

  @BeforeEach
  void prepare() {
    launcher = new Launcher(folder);
  }

  @AfterEach
  void stop() throws Exception {
    launcher.stop();
    http.close();
  }

  @Test
  void depositsChatsEpochsPayoutsAndClosingsAddUp() throws Exception {
    ok(
        launcher.run(
            "up",
            "--detach",
            "--port",
            "0",
            "--workers",
            "2",
            "--engine",
            "fake",
            "--epoch",
            "PT4S"));
    List<Api> clients = new ArrayList<>(List.of(launcher.api(http)));
    for (int i = 0; i < OTHERS; i++) {
      clients.add(newClient(folder.resolve("client-" + i)));
    }
    long spent = chat(clients);
    assertTrue(spent > 0);

    List<String> owners = List.of(address("worker-1"), address("worker-2"));
    Launcher.await("both owners are paid all that they earned", () -> paidInFull(owners, spent));

    ok(launcher.run("withdraw", "10"));
    ok(others(0, "close"));
    Launcher.await(
        "what is left can be told",
        () -> others(0, "balance").output().contains("balance     0.000000000 TON"));
    ok(launcher.run("earnings", "--dir", launcher.data().resolve("money/earnings-worker-1") + ""));

    Outcome check = launcher.run("ledger", "check", "--json");
    ok(check);
    JsonObject report = new JsonObject(check.output());
    assertTrue(report.getJsonArray("rules").size() > 20, check::output);
    System.out.printf(
        "%d chats cost %d nanoTON; %d rules hold%n",
        CHATS, spent, report.getJsonArray("rules").size());

    String receipt = aReceipt(clients.getFirst());
    ok(launcher.bash("./cocoon receipt verify '%s'".formatted(receipt)));
    char[] changed = receipt.toCharArray();
    changed[40] = changed[40] == 'A' ? 'B' : 'A';
    assertEquals(
        1, launcher.bash("./cocoon receipt verify '%s'".formatted(new String(changed))).status());
  }

  /** Somebody with a wallet, who pays in and gets an API key for it. */
  private Api newClient(Path data) throws Exception {
    Outcome wallet = launcher.bash(command(data, "wallet new --json"));
    ok(wallet);
    String address =
        new JsonObject(wallet.output().substring(wallet.output().indexOf('{')))
            .getString("address");
    HttpResponse<String> filled =
        http.send(
            HttpRequest.newBuilder(URI.create(chain() + "/devnet/faucet"))
                .POST(
                    HttpRequest.BodyPublishers.ofString(
                        new JsonObject().put("address", address).put("amount", FILLED).encode()))
                .build(),
            BodyHandlers.ofString());
    assertEquals(200, filled.statusCode(), filled::body);
    ok(launcher.bash(command(data, "deposit 5")));
    String key = Files.readString(data.resolve("account/api.key")).strip();
    return new Api(http, url(), key);
  }

  private Outcome others(int number, String words) throws Exception {
    return launcher.bash(command(folder.resolve("client-" + number), words));
  }

  private String command(Path data, String words) throws Exception {
    return "./cocoon %s --url '%s' --data '%s'".formatted(words, url(), data);
  }

  private long chat(List<Api> clients) throws Exception {
    long spent = 0;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<JsonObject>> running = new ArrayList<>();
      for (int i = 0; i < CHATS; i++) {
        Api client = clients.get(i % clients.size());
        int number = i;
        running.add(threads.submit(() -> ask(client, "question " + number)));
      }
      for (Future<JsonObject> each : running) {
        spent += each.get().getJsonObject("usage").getLong("cost_nanoton");
      }
    }
    return spent;
  }

  private static JsonObject ask(Api client, String question) throws Exception {
    JsonObject body = new JsonObject(SseAnswer.body(question, 50)).put("model", "fake");
    body.remove("stream");
    body.remove("stream_options");
    JsonObject answer = client.ask(body);
    assertNull(answer.getJsonObject("error"), answer::encode);
    return answer;
  }

  private static String aReceipt(Api client) throws Exception {
    return ask(client, "one more").getJsonObject("usage").getString("receipt");
  }

  /** The owners have at least 95 % of it, and all of what they have was paid. */
  private boolean paidInFull(List<String> owners, long spent) throws Exception {
    long earned = 0;
    for (String owner : owners) {
      JsonObject view = new Api(http, url(), "none").get("/earnings/" + owner);
      earned += view.getLong("earned_nanoton", 0L);
      if (!view.getLong("paid_nanoton", -1L).equals(view.getLong("earned_nanoton", 0L))) {
        return false;
      }
    }
    assertNotEquals(0, earned);
    return earned >= spent * 95 / 100; // and of what the launcher asked at its start
  }

  private String address(String name) throws Exception {
    try (var lines = Files.lines(launcher.data().resolve("money/addresses"))) {
      return lines
          .filter(line -> line.startsWith(name + " "))
          .map(line -> line.substring(name.length() + 1))
          .findFirst()
          .orElseThrow();
    }
  }

  private String url() throws Exception {
    return launcher.state().getString("url") + "/v1";
  }

  private String chain() throws Exception {
    return launcher.state().getString("chain");
  }

  private static void ok(Outcome outcome) {
    assertEquals(0, outcome.status(), outcome::output);
  }
}
