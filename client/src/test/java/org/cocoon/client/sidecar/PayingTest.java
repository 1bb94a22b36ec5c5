package org.cocoon.client.sidecar;

import static org.cocoon.client.attested.ScriptedRouter.says;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.cocoon.client.attested.Failure;
import org.cocoon.client.attested.ScriptedRouter;
import org.cocoon.client.attested.SealedSession;
import org.cocoon.client.pay.Payment;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.link.evidence.CollateralSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests that are paid by vouchers, and routers that charge what they should not. */
@Timeout(60)
final class PayingTest extends SidecarFixture {
  private static final String LIMITED = CHAT.replace("}]}", "}],\"max_tokens\":10}");
  private static final TonAddress OWNER = TonAddress.parse("0:" + "21".repeat(32));
  private static final TonAddress OTHER = TonAddress.parse("0:" + "22".repeat(32));

  private final Path keyFile;
  private final ReceiptKey key;
  private final TonAddress channel;

  PayingTest(@TempDir Path dir) throws IOException {
    super(dir);
    keyFile = dir.resolve("voucher.key");
    key = ReceiptKey.loadOrCreate(keyFile);
    channel =
        ChannelContract.address(
            SettlementContract.channelTerms(ScriptedRouter.TERMS, OWNER, key.publicKey()));
  }

  @BeforeEach
  void settles() {
    router.pages.put(
        "/v1/network",
        """
        {"settlement":{"network_id":-31337,"settlement":"%s","registry":"%s","owner":"%s",
         "router_key":"%s","delay_seconds":86400,"min_stake_nanoton":10000000000,
         "fee_permille":50,"voucher_margin_seconds":3600,"max_voucher_seconds":31536000,
         "chain":[]}}
        """
            .formatted(
                ScriptedRouter.SETTLEMENT,
                ScriptedRouter.TERMS.registry(),
                ScriptedRouter.TERMS.owner(),
                HexFormat.of().formatHex(ScriptedRouter.KEY.publicKey())));
    price(1_000_000_000, 1_000);
    owes(OWNER, 0);
  }

  private void price(long perMillion, int coefficient) {
    String price =
        "\"prompt\":%1$d,\"cached_prompt\":%1$d,\"completion\":%1$d,\"reasoning\":%1$d"
            .formatted(perMillion);
    router.pages.put(
        "/v1/prices",
        "{\"default\":{%s},\"models\":{\"%s\":{%s,\"coefficient\":{\"min\":1,\"max\":%d},\"context_tokens\":1000}}}"
            .formatted(price, ScriptedRouter.MODEL, price, coefficient));
  }

  private void owes(TonAddress owner, long due) {
    router.pages.put(
        "/v1/account",
        "{\"account\":1,\"channel\":{\"address\":\"%s\",\"owner\":\"%s\",\"voucher_key\":\"%s\",\"due_nanoton\":%d}}"
            .formatted(channel, owner, HexFormat.of().formatHex(key.publicKey()), due));
  }

  private void pay(long budget) throws IOException {
    SealedSession.Options session =
        new SealedSession.Options(
            router.address(),
            router.policyFile(),
            CollateralSource.NONE,
            clock,
            Sidecar.MAX_IN_FLIGHT,
            Optional.of(new Payment(keyFile, new NanoTon(budget))));
    use(Sidecar.start(new SidecarOptions("127.0.0.1", 0, session, Optional.of("ck_own"))));
  }

  private Voucher voucher(int at) {
    Voucher voucher = Voucher.parse(router.vouchers.get(at));
    assertTrue(voucher.isSignedBy(key.publicKey()));
    assertEquals(channel, voucher.contract());
    assertEquals(-31337, voucher.networkId());
    return voucher;
  }

  @Test
  void eachRequestCarriesAVoucherForWhatItCanCostBeyondWhatWasCharged() throws Exception {
    pay(10_000_000);
    router.script(says("Yes", ", it ", "sings"));
    HttpResponse<String> first = chat(LIMITED);
    assertEquals(200, first.statusCode(), first.body());
    assertEquals(200, chat(LIMITED).statusCode());
    long one = voucher(0).ceiling().nanos();
    assertTrue(one > 10_000, "at least the ten tokens of the answer");
    assertEquals(one + 4_200, voucher(1).ceiling().nanos(), "what the first one cost is added");
    assertEquals(1_000, router.bodies.getFirst().getInteger("max_coefficient"));
    long now = clock.instant().getEpochSecond();
    assertTrue(voucher(0).expires() > now + 2 * 3_600);
  }

  @Test
  void nothingIsPromisedBeyondTheBudget() throws Exception {
    pay(20_000);
    router.script(says("Yes"));
    HttpResponse<String> refused = chat(LIMITED);
    assertEquals(402, refused.statusCode(), refused.body());
    assertEquals("over_budget", error(refused).path("code").asText());
    assertTrue(error(refused).path("message").asText().contains("raise --budget"));
    assertEquals(List.of(), router.vouchers);
  }

  @Test
  void aRouterIsNotBelievedThatItIsOwedMoreThanWasPromised() throws Exception {
    pay(10_000_000);
    owes(OWNER, 50_000_000_000L);
    router.script(says("Yes"));
    assertEquals(200, chat(LIMITED).statusCode());
    long first = voucher(0).ceiling().nanos();
    // Only what was promised can be owed, and that was nothing before.
    assertTrue(first < 10_000_000, "promised " + first);
  }

  @Test
  void aRouterThatChargesMoreThanItsOwnNumbersMakeIsNamedAndGetsNoMore() throws Exception {
    pay(10_000_000);
    router.script(
        exchange -> {
          exchange.chunk(exchange.seal("Yes", 1, true), 1);
          exchange.end("stop", 1, ScriptedRouter.receipt(1, 8_001)); // 8 tokens make 8,000
        });
    JsonNode usage = JSON.readTree(chat(LIMITED).body()).path("usage");
    String warning = usage.path("cocoon_warning").asText();
    assertTrue(warning.contains("0.000008001 TON"), warning);
    HttpResponse<String> next = chat(LIMITED);
    assertEquals(502, next.statusCode());
    assertEquals(Failure.ROUTER_OVERCHARGES, error(next).path("type").asText());
    assertTrue(error(next).path("message").asText().contains(router.address().getAuthority()));
    assertEquals(1, router.bodies.size(), "the second one was not sent");
  }

  @Test
  void aReceiptForAnotherPriceOrCoefficientIsRefused() throws Exception {
    pay(10_000_000);
    price(999_999_999, 1_000);
    router.script(says("Yes"));
    String warning =
        JSON.readTree(chat(LIMITED).body()).path("usage").path("cocoon_warning").asText();
    assertTrue(warning.contains("price list"), warning);
    assertEquals(502, chat(LIMITED).statusCode());
  }

  @Test
  void anAnswerWithoutAReceiptIsNotPaidFor() throws Exception {
    pay(10_000_000);
    router.script(
        exchange -> {
          exchange.chunk(exchange.seal("Yes", 1, true), 1);
          exchange.end("stop", 1, "");
        });
    String warning =
        JSON.readTree(chat(LIMITED).body()).path("usage").path("cocoon_warning").asText();
    assertTrue(warning.contains("no receipt"), warning);
    assertEquals(502, chat(LIMITED).statusCode());
  }

  @Test
  void aChannelThatIsNotTheKeysOwnIsNotPaid() throws Exception {
    pay(10_000_000);
    owes(OTHER, 0);
    router.script(says("Yes"));
    HttpResponse<String> refused = chat(LIMITED);
    assertEquals(402, refused.statusCode(), refused.body());
    assertTrue(error(refused).path("message").asText().contains("another channel"));
    assertEquals(List.of(), router.vouchers);
  }
}
