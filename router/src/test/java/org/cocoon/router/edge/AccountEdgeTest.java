package org.cocoon.router.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.KeyGrant;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.Release;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.link.wire.Run;
import org.cocoon.router.ledger.AccountBook.Spent;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.settlement.SettlementRefusal;
import org.cocoon.router.settlement.Withdrawal;
import org.cocoon.router.settlement.WithdrawalOutcome;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What account holders can do about money over HTTP, and what they can do wrong. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class AccountEdgeTest {
  private static final long NOW = MemoryMoney.NOW.getEpochSecond();
  private static final ReceiptKey CLIENT = ReceiptKey.ofSeed(MemoryMoney.filled(9));
  private static final ReceiptKey STRANGER = ReceiptKey.ofSeed(MemoryMoney.filled(8));
  private static final TonAddress OWNER = new TonAddress(MemoryMoney.filled(0x21));
  private static final TonAddress CHANNEL = MemoryMoney.TERMS.channel(OWNER, CLIENT.publicKey());
  private static final long YEAR = NOW + 31_000_000;

  private final MemoryMoney money = new MemoryMoney();
  private final TestEdge edge;

  AccountEdgeTest() throws Exception {
    edge = new TestEdge(List.of(), money.money());
  }

  @AfterEach
  void stop() throws Exception {
    edge.close();
  }

  private HttpResponse<String> send(
      String method, String path, @Nullable String key, @Nullable String body, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + edge.port + path));
    if (key != null) {
      request.header("authorization", "Bearer " + key);
    }
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    request.method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    return edge.http.send(request.build(), BodyHandlers.ofString());
  }

  private JsonObject get(String path) throws Exception {
    HttpResponse<String> response = send("GET", path, "ck_test", null);
    assertEquals(200, response.statusCode(), response.body());
    return new JsonObject(response.body());
  }

  private JsonObject post(int status, String path, JsonObject body) throws Exception {
    HttpResponse<String> response = send("POST", path, "ck_test", body.encode());
    assertEquals(status, response.statusCode(), response.body());
    return new JsonObject(response.body());
  }

  private static JsonObject error(HttpResponse<String> response) {
    return new JsonObject(response.body()).getJsonObject("error");
  }

  private static byte[] sha256(String text) throws Exception {
    return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Voucher voucher(ReceiptKey key, long ceiling) {
    return Voucher.sign(key, MemoryMoney.NETWORK, CHANNEL, new NanoTon(ceiling), YEAR);
  }

  private static KeyGrant grant(String apiKey) throws Exception {
    return KeyGrant.sign(CLIENT, MemoryMoney.NETWORK, CHANNEL, sha256(apiKey), NOW + 300);
  }

  private static JsonObject opening(String apiKey) throws Exception {
    return new JsonObject()
        .put("owner", OWNER.toString())
        .put("voucher_key", HexFormat.of().formatHex(CLIENT.publicKey()))
        .put("voucher", voucher(CLIENT, 1_000).toText())
        .put("key_grant", grant(apiKey).toText())
        .put("name", "laptop");
  }

  // ------------------------------------------------------------------ looking

  @Test
  void tellsWhereAnAccountStandsAndHowToAddMoney() throws Exception {
    JsonObject account = get("/v1/account");
    assertEquals(1, account.getLong("account"));
    assertEquals(3, account.getLong("key_id"));
    assertEquals(650, account.getLong("balance_nanoton"));
    assertEquals(1_000, account.getLong("deposited_nanoton"));
    assertEquals(300, account.getLong("used_nanoton"));
    assertEquals(50, account.getLong("withdrawn_nanoton"));
    assertEquals(100, account.getLong("leased_nanoton"));
    assertNull(account.getJsonObject("channel"));
    JsonObject prepay = account.getJsonObject("prepay");
    assertEquals("cocoon:1", prepay.getString("comment"));
    assertEquals(MemoryMoney.TERMS.address(), TonAddress.parse(prepay.getString("address")));
    assertEquals(
        "ton://transfer/" + prepay.getString("address") + "?text=cocoon%3A1",
        prepay.getString("link"));
    assertTrue(prepay.getString("address").startsWith("k"), "bounceable, and for tests only");
  }

  @Test
  void tellsSpendingInBoundedSpans() throws Exception {
    money.spent = List.of(new Spent(3, "laptop", "m", "", 2, 10, 4, 20, 5, new NanoTon(77)));
    JsonObject usage = get("/v1/account/usage?by=key&since=2026-11-01&until=2026-11-02T10:00:00Z");
    assertEquals("1 KEY 2026-11-01T00:00:00Z 2026-11-02T10:00:00Z", money.asked);
    JsonObject row = usage.getJsonArray("data").getJsonObject(0);
    assertEquals(77, row.getLong("cost_nanoton"));
    assertEquals("laptop", row.getString("key_name"));
    assertEquals(4, row.getLong("cached_prompt_tokens"));
    assertEquals(5, row.getLong("reasoning_tokens"));
    assertFalse(usage.getBoolean("more"));
    get("/v1/account/usage?by=day");
    assertEquals("1 DAY 2026-10-27T12:00:00Z 2026-11-26T12:00:00Z", money.asked);
    for (Map.Entry<String, String> bad :
        Map.of(
                "by=hour", "by",
                "by=", "by",
                "since=yesterday", "since",
                "since=2026-13-01", "since",
                "until=2026-11-26T12", "until",
                "since=2026-11-27", "since",
                "since=2020-01-01", "since",
                "since=%2B1000000000-01-01", "since")
            .entrySet()) {
      HttpResponse<String> response =
          send("GET", "/v1/account/usage?" + bad.getKey(), "ck_test", null);
      assertEquals(400, response.statusCode(), bad + response.body());
      assertEquals(bad.getValue(), error(response).getString("param"), response.body());
    }
  }

  @Test
  void tellsPricesAndTheSettlementToAnybody() throws Exception {
    JsonObject prices = new JsonObject(send("GET", "/v1/prices", null, null).body());
    assertEquals(10_000_000, prices.getJsonObject("default").getLong("reasoning"));
    JsonObject model = prices.getJsonObject("models").getJsonObject("test-model");
    assertEquals(10_000_000, model.getLong("cached_prompt"));
    assertEquals(1_000, model.getJsonObject("coefficient").getLong("max"));
    JsonObject network = new JsonObject(send("GET", "/v1/network", null, null).body());
    JsonObject settlement = network.getJsonObject("settlement");
    assertEquals(-31337, settlement.getInteger("network_id"));
    assertEquals(MemoryMoney.TERMS.address().toString(), settlement.getString("settlement"));
    assertEquals(MemoryMoney.REGISTRY.toString(), settlement.getString("registry"));
    assertEquals(
        HexFormat.of().formatHex(MemoryMoney.ROUTER.publicKey()),
        settlement.getString("router_key"));
    assertEquals(10_000_000_000L, settlement.getLong("min_stake_nanoton"));
    assertEquals(
        new JsonArray().add("http://127.0.0.1:8081/api/v2"), settlement.getJsonArray("chain"));
    JsonObject payee = new JsonObject(send("GET", "/v1/earnings/" + OWNER, null, null).body());
    assertEquals(30, payee.getLong("earned_nanoton"));
    assertEquals(
        "ab".repeat(32), payee.getJsonArray("payouts").getJsonObject(0).getString("transaction"));
    assertEquals(400, send("GET", "/v1/earnings/nobody", null, null).statusCode());
  }

  @Test
  void everythingOfAnAccountNeedsItsKey() throws Exception {
    for (String call :
        List.of(
            "GET /v1/account",
            "GET /v1/account/usage",
            "GET /v1/account/keys",
            "POST /v1/account/keys",
            "DELETE /v1/account/keys/1",
            "POST /v1/vouchers",
            "POST /v1/withdrawals")) {
      String[] words = call.split(" ", 2);
      for (String key : new String[] {null, "ck_nobody"}) {
        HttpResponse<String> response = send(words[0], words[1], key, null);
        assertEquals(401, response.statusCode(), call);
        assertEquals("invalid_api_key", error(response).getString("code"));
      }
    }
    money.away = true;
    HttpResponse<String> response = send("GET", "/v1/account", "ck_test", null);
    assertEquals(503, response.statusCode());
    assertEquals("2", response.headers().firstValue("retry-after").orElse(""));
  }

  // ------------------------------------------------------------------ keys

  @Test
  void makesListsAndRevokesKeysAndNeverShowsOneAgain() throws Exception {
    JsonObject made = post(200, "/v1/account/keys", new JsonObject().put("name", "phone"));
    assertEquals("ck_new", made.getString("key"));
    String listed = send("GET", "/v1/account/keys", "ck_test", null).body();
    assertFalse(listed.contains("ck_"), listed);
    JsonObject row = new JsonObject(listed).getJsonArray("data").getJsonObject(0);
    assertEquals("phone", row.getString("name"));
    assertFalse(row.getBoolean("revoked"));
    String path = "/v1/account/keys/" + made.getLong("id");
    HttpResponse<String> foreign = send("DELETE", path, "ck_other", null);
    assertEquals(404, foreign.statusCode());
    assertEquals("key_not_found", error(foreign).getString("code"));
    assertEquals(200, send("DELETE", path, "ck_test", null).statusCode());
    assertEquals(200, send("DELETE", path, "ck_test", null).statusCode(), "again is no error");
    assertTrue(get("/v1/account/keys").getJsonArray("data").getJsonObject(0).getBoolean("revoked"));
    assertEquals(400, send("DELETE", "/v1/account/keys/x", "ck_test", null).statusCode());
    assertEquals(
        400, send("DELETE", "/v1/account/keys/" + "9".repeat(19), "ck_test", null).statusCode());
    for (String bad :
        List.of(
            "{\"name\":\"" + "x".repeat(65) + "\"}",
            "{\"name\":7}",
            "{\"name\":\"a\\u0000\"}",
            "{\"name\":\"\\ud800\"}",
            "[]",
            "{",
            "")) {
      assertEquals(400, send("POST", "/v1/account/keys", "ck_test", bad).statusCode(), bad);
    }
    HttpResponse<String> full =
        send("POST", "/v1/account/keys", "ck_test", "{\"name\":\"one too many\"}");
    assertEquals(409, full.statusCode());
    assertTrue(error(full).getString("message").contains("revoke one first"), full.body());
  }

  // ------------------------------------------------------------------ channels

  @Test
  void opensAnAccountByChannelAndSaysWhenTheDepositIsThere() throws Exception {
    String body = opening("ck_mine").encode();
    HttpResponse<String> early = send("POST", "/v1/channels", null, body);
    assertEquals(202, early.statusCode(), early.body());
    assertEquals("3", early.headers().firstValue("retry-after").orElse(""));
    assertEquals(
        CHANNEL,
        TonAddress.parse(
            new JsonObject(early.body()).getJsonObject("channel").getString("address")));
    money.deposited = NanoTon.ofTon(5);
    HttpResponse<String> late = send("POST", "/v1/channels", null, body);
    assertEquals(200, late.statusCode(), late.body());
    JsonObject told = new JsonObject(late.body());
    assertEquals(new JsonObject(early.body()).getLong("account"), told.getLong("account"));
    assertEquals(1, told.getJsonObject("key").getLong("id"));
    assertNull(told.getJsonObject("key").getString("key"), "nobody but the client has it");
    assertEquals(1, money.accounts.size());
    assertEquals(1, money.keys.size());
    assertTrue(money.keys.containsKey(HexFormat.of().formatHex(sha256("ck_mine"))));
    assertTrue(money.accounts.containsKey("channel:" + CHANNEL));
    // Another key of the same channel, later.
    assertEquals(
        200, send("POST", "/v1/channels", null, opening("ck_second").encode()).statusCode());
    assertEquals(2, money.keys.size());
  }

  @Test
  void aRevokedKeyIsNotGrantedAgainByAReplay() throws Exception {
    String body = opening("ck_mine").encode();
    send("POST", "/v1/channels", null, body);
    edge.read(() -> money.revoke(new Account(100, "of the channel"), 1).result());
    HttpResponse<String> replay = send("POST", "/v1/channels", null, body);
    assertEquals(409, replay.statusCode());
    assertEquals("key_refused", error(replay).getString("code"));
  }

  @Test
  void refusesEveryGrantAndVoucherThatIsNotForThisChannelNow() throws Exception {
    byte[] hash = sha256("ck_mine");
    TonAddress elsewhere = new TonAddress(MemoryMoney.filled(0x33));
    record Bad(String field, String text, String why) {}
    for (Bad bad :
        List.of(
            new Bad(
                "key_grant",
                KeyGrant.sign(CLIENT, -239, CHANNEL, hash, NOW + 300).toText(),
                "network"),
            new Bad(
                "key_grant",
                KeyGrant.sign(CLIENT, -31337, elsewhere, hash, NOW + 300).toText(),
                "channel"),
            new Bad(
                "key_grant", KeyGrant.sign(CLIENT, -31337, CHANNEL, hash, NOW - 1).toText(), "end"),
            new Bad(
                "key_grant",
                KeyGrant.sign(CLIENT, -31337, CHANNEL, hash, NOW + 601).toText(),
                "end"),
            new Bad(
                "key_grant",
                KeyGrant.sign(STRANGER, -31337, CHANNEL, hash, NOW + 300).toText(),
                "signed"),
            new Bad("voucher", voucher(STRANGER, 1_000).toText(), "signed"),
            new Bad(
                "voucher",
                Voucher.sign(CLIENT, -31337, elsewhere, new NanoTon(1_000), YEAR).toText(),
                "Not for this channel"))) {
      HttpResponse<String> response =
          send("POST", "/v1/channels", null, opening("ck_mine").put(bad.field, bad.text).encode());
      assertEquals(400, response.statusCode(), bad + response.body());
      assertEquals("invalid_statement", error(response).getString("code"));
      assertEquals(bad.field, error(response).getString("param"));
      assertTrue(error(response).getString("message").contains(bad.why), response.body());
      assertEquals(0, money.keys.size(), "no key without a channel");
    }
    // One bit, anywhere.
    String good = grant("ck_mine").toText();
    for (int at = 0; at < good.length(); at += 7) {
      char[] text = good.toCharArray();
      text[at] = text[at] == 'A' ? 'B' : 'A';
      HttpResponse<String> response =
          send(
              "POST",
              "/v1/channels",
              null,
              opening("ck_mine").put("key_grant", String.valueOf(text)).encode());
      assertEquals(400, response.statusCode(), at + response.body());
    }
    assertEquals(0, money.keys.size());
  }

  @Test
  void refusesOpeningsOfAnotherForm() throws Exception {
    for (String field : List.of("owner", "voucher_key", "voucher", "key_grant")) {
      for (Object wrong : new Object[] {null, 7, "", "x", "0:12", "A".repeat(600), true}) {
        HttpResponse<String> response =
            send("POST", "/v1/channels", null, opening("ck_mine").put(field, wrong).encode());
        assertEquals(400, response.statusCode(), field + " " + wrong + response.body());
        assertEquals(field, error(response).getString("param"), response.body());
      }
    }
    HttpResponse<String> unknown =
        send("POST", "/v1/channels", null, opening("ck_mine").put("more", 1).encode());
    assertEquals("more", error(unknown).getString("param"));
    HttpResponse<String> other =
        send(
            "POST",
            "/v1/channels",
            null,
            opening("ck_mine")
                .put("owner", new TonAddress(MemoryMoney.filled(1)).toString())
                .encode());
    assertEquals("invalid_statement", error(other).getString("code"), "another owner's channel");
    assertEquals(0, money.accounts.size());
  }

  @Test
  void whoHasAnAccountMayAddAChannelWithAGrantForItsVeryKey() throws Exception {
    HttpResponse<String> foreign =
        send("POST", "/v1/channels", "ck_test", opening("ck_other").encode());
    assertEquals(400, foreign.statusCode(), foreign.body());
    assertEquals("key_grant", error(foreign).getString("param"));
    assertEquals(401, send("POST", "/v1/channels", "ck_x", opening("ck_x").encode()).statusCode());
    money.deposited = NanoTon.ofTon(1);
    HttpResponse<String> mine =
        send("POST", "/v1/channels", "ck_test", opening("ck_test").encode());
    assertEquals(200, mine.statusCode(), mine.body());
    assertEquals(1, new JsonObject(mine.body()).getLong("account"));
    assertEquals(0, money.accounts.size(), "no other account was opened");
    assertEquals(
        CHANNEL,
        TonAddress.parse(get("/v1/account").getJsonObject("channel").getString("address")));
  }

  @Test
  void opensOnlySoManyAccountsAtATime() throws Exception {
    String body = opening("ck_mine").encode();
    int status = 202;
    int opened = 0;
    while (status == 202 && opened < 1_000) {
      status = send("POST", "/v1/channels", null, body).statusCode();
      opened++;
    }
    assertEquals(429, status, "the clock stands still, so that nothing is refilled");
    assertEquals(201, opened);
  }

  // ------------------------------------------------------------------ vouchers

  @Test
  void takesVouchersAloneAndWithRequests() throws Exception {
    post(400, "/v1/vouchers", new JsonObject());
    HttpResponse<String> none =
        send(
            "POST",
            "/v1/vouchers",
            "ck_test",
            new JsonObject().put("voucher", voucher(CLIENT, 5).toText()).encode());
    assertEquals("no_channel", error(none).getString("code"));
    send("POST", "/v1/channels", "ck_test", opening("ck_test").encode());
    JsonObject better =
        post(200, "/v1/vouchers", new JsonObject().put("voucher", voucher(CLIENT, 2_000).toText()));
    assertTrue(better.getBoolean("accepted"));
    assertEquals(2_000, better.getLong("credit_nanoton"));
    JsonObject late =
        post(200, "/v1/vouchers", new JsonObject().put("voucher", voucher(CLIENT, 1_500).toText()));
    assertFalse(late.getBoolean("accepted"));
    assertEquals(2_000, late.getLong("ceiling_nanoton"));
    JsonObject forged =
        post(
            400,
            "/v1/vouchers",
            new JsonObject().put("voucher", voucher(STRANGER, 9_000).toText()));
    assertEquals("invalid_statement", forged.getJsonObject("error").getString("code"));

    String fresh = voucher(CLIENT, 3_000).toText();
    CompletableFuture<HttpResponse<String>> answer = ask(TestEdge.BODY, fresh);
    Run run = edge.nextRun();
    edge.answer(run, "yes", 1);
    edge.finish(run);
    HttpResponse<String> told = answer.get();
    assertEquals(200, told.statusCode(), told.body());
    assertEquals(3_000, money.vouchers.getLast().ceiling().nanos());
    long hold = Long.parseLong(told.headers().firstValue("x-cocoon-hold-nanoton").orElse("0"));
    JsonObject usage = new JsonObject(told.body()).getJsonObject("usage");
    assertEquals(usage.getLong("hold_nanoton"), hold);
    assertTrue(hold > 0 && usage.getLong("cost_nanoton") <= hold);
    for (String bad : List.of("x", voucher(STRANGER, 9_000).toText(), "A".repeat(600))) {
      HttpResponse<String> refused = ask(TestEdge.BODY, bad).get();
      assertEquals(400, refused.statusCode(), refused.body());
      assertEquals("x-cocoon-voucher", error(refused).getString("param"));
    }
  }

  @Test
  void aRequestGoesOnWithoutItsVoucherWhileTheDatabaseIsAway() throws Exception {
    send("POST", "/v1/channels", "ck_test", opening("ck_test").encode());
    money.away = true;
    CompletableFuture<HttpResponse<String>> answer =
        ask(
            TestEdge.BODY.replace("{\"model", "{\"stream\":true,\"model"),
            voucher(CLIENT, 3_000).toText());
    Run run = edge.nextRun();
    edge.answer(run, "yes", 1);
    edge.finish(run);
    assertEquals(200, answer.get().statusCode());
    assertNotEquals("", answer.get().headers().firstValue("x-cocoon-hold-nanoton").orElse(""));
  }

  private CompletableFuture<HttpResponse<String>> ask(String body, String voucher) {
    return edge.http.sendAsync(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + edge.port + "/v1/chat/completions"))
            .header("authorization", "Bearer ck_test")
            .header("x-cocoon-voucher", voucher)
            .POST(BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  @Test
  void saysHowMuchIsMissingAndHowToAddIt() throws Exception {
    edge.missing = new NanoTon(120_000_000);
    HttpResponse<String> poor = send("POST", "/v1/chat/completions", "ck_test", TestEdge.BODY);
    assertEquals(402, poor.statusCode());
    assertEquals("false", poor.headers().firstValue("x-should-retry").orElse(""));
    String message = error(poor).getString("message");
    assertTrue(message.contains("0.120000000 TON short"), message);
    assertTrue(message.contains("with the comment 'cocoon:1'"), message);
    assertTrue(message.contains("raise the voucher"), message);
    assertTrue(
        message.contains(AccountJson.friendly(MemoryMoney.TERMS, MemoryMoney.TERMS.address())));
  }

  // ------------------------------------------------------------------ withdrawals

  @Test
  void answersWithdrawalsByHowFarTheyAre() throws Exception {
    money.next = new WithdrawalOutcome.Claiming(new NanoTon(9));
    HttpResponse<String> claiming =
        send("POST", "/v1/withdrawals", "ck_test", "{\"kind\":\"channel\",\"amount_nanoton\":9}");
    assertEquals(202, claiming.statusCode(), claiming.body());
    assertEquals("3", claiming.headers().firstValue("retry-after").orElse(""));
    assertEquals(
        new Withdrawal.FromChannel(Optional.of(new NanoTon(9))), money.withdrawals.getLast());
    Release release =
        Release.sign(
            MemoryMoney.ROUTER, -31337, CHANNEL, new NanoTon(1), new NanoTon(9), false, NOW + 60);
    money.next = new WithdrawalOutcome.Released(release, new NanoTon(9), new NanoTon(30_000_000));
    JsonObject released = post(200, "/v1/withdrawals", new JsonObject().put("kind", "channel"));
    assertEquals(release, Release.parse(released.getString("release")));
    assertEquals(30_000_000, released.getLong("value_nanoton"));
    assertEquals(new Withdrawal.FromChannel(Optional.empty()), money.withdrawals.getLast());
    post(200, "/v1/withdrawals", new JsonObject().put("kind", "close"));
    assertEquals(new Withdrawal.CloseChannel(), money.withdrawals.getLast());
    money.next = new WithdrawalOutcome.Refunded(new NanoTon(4), 1_800_000_000);
    JsonObject refunded =
        post(
            200,
            "/v1/withdrawals",
            new JsonObject()
                .put("kind", "refund")
                .put("amount_nanoton", 4)
                .put("to", OWNER.toFriendly(false, true))
                .put("reference", "r-1"));
    assertEquals(1_800_000_000, refunded.getLong("next_epoch"));
    assertEquals(
        new Withdrawal.Refund(Optional.of(new NanoTon(4)), OWNER, "r-1"),
        money.withdrawals.getLast());
  }

  @Test
  void refusesWithdrawalsWithTheReason() throws Exception {
    for (Map.Entry<SettlementRefusal, String> each :
        Map.of(
                SettlementRefusal.NO_CHANNEL, "404 no_channel",
                SettlementRefusal.AMOUNT, "400 invalid_request",
                SettlementRefusal.STATE, "409 withdrawal_state")
            .entrySet()) {
      money.next = new WithdrawalOutcome.Refused(each.getKey(), "So it is.");
      HttpResponse<String> response =
          send("POST", "/v1/withdrawals", "ck_test", "{\"kind\":\"channel\"}");
      assertEquals(
          each.getValue(), response.statusCode() + " " + error(response).getString("code"));
      assertEquals("So it is.", error(response).getString("message"));
    }
    money.withdrawals.clear();
    for (String bad :
        List.of(
            "{}",
            "{\"kind\":\"all\"}",
            "{\"kind\":\"channel\",\"amount_nanoton\":0}",
            "{\"kind\":\"channel\",\"amount_nanoton\":-1}",
            "{\"kind\":\"channel\",\"amount_nanoton\":1.5}",
            "{\"kind\":\"channel\",\"amount_nanoton\":9223372036854775808}",
            "{\"kind\":\"channel\",\"amount_nanoton\":\"9\"}",
            "{\"kind\":\"channel\",\"to\":\"0:12\"}",
            "{\"kind\":\"close\",\"amount_nanoton\":1}",
            "{\"kind\":\"refund\",\"to\":\"%s\"}".formatted(OWNER),
            "{\"kind\":\"refund\",\"reference\":\"r\"}",
            "{\"kind\":\"refund\",\"reference\":\"a b\",\"to\":\"%s\"}".formatted(OWNER),
            "{\"kind\":\"refund\",\"reference\":\"r\",\"to\":\"%sA\"}".formatted(OWNER))) {
      HttpResponse<String> response = send("POST", "/v1/withdrawals", "ck_test", bad);
      assertEquals(400, response.statusCode(), bad + response.body());
    }
    assertEquals(List.of(), money.withdrawals, "nothing of that was asked for");
  }

  @Test
  void aRouterThatDoesNotSettleSaysSo() throws Exception {
    TestEdge plain = new TestEdge();
    try {
      for (String path : List.of("/v1/channels", "/v1/vouchers", "/v1/withdrawals")) {
        String body =
            switch (path) {
              case "/v1/channels" -> opening("ck_mine").encode();
              case "/v1/vouchers" ->
                  new JsonObject().put("voucher", voucher(CLIENT, 1).toText()).encode();
              default -> "{\"kind\":\"channel\"}";
            };
        HttpRequest request =
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + plain.port + path))
                .header("authorization", "Bearer ck_test")
                .POST(BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> response = plain.http.send(request, BodyHandlers.ofString());
        assertEquals(404, response.statusCode(), response.body());
        assertEquals("no_settlement", error(response).getString("code"));
      }
    } finally {
      plain.close();
    }
  }
}
