package org.cocoon.client.account;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.cocoon.client.Json;
import org.cocoon.client.Terminal;
import org.cocoon.client.pay.ReceiptRules;
import org.cocoon.client.pay.ReceiptRules.Settled;
import org.cocoon.client.pay.ReceiptVerdict;
import org.cocoon.client.pay.ReceiptVerdict.Reason;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.UsedTokens;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReceiptCommandTest {
  private static final ReceiptKey ROUTER = ReceiptKey.ofSeed(new byte[32]);
  private static final String ROUTER_KEY = HexFormat.of().formatHex(ROUTER.publicKey());
  private static final TonAddress SETTLEMENT =
      TonAddress.parse("0:1111111111111111111111111111111111111111111111111111111111111111");
  private static final Price PRICE = new Price(5_000_000, 1_000_000, 20_000_000, 30_000_000);
  private static final UsedTokens TOKENS = new UsedTokens(1_000, 400, 200, 50);
  private static final UUID REQUEST = UUID.fromString("01890a5d-ac96-774b-bcce-b302099a8057");

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  /** The second of three, so that it has a way up as well. */
  private static Receipt receipt(NanoTon cost) {
    ReceiptTerms terms =
        new ReceiptTerms(
            -31337,
            SETTLEMENT,
            REQUEST,
            7,
            "model-\u00fc",
            TOKENS,
            PRICE,
            1_500,
            cost,
            1_767_225_600_000L);
    ReceiptTerms other =
        new ReceiptTerms(
            0, null, new UUID(1, 2), 8, "other", TOKENS, PRICE, 1_000, NanoTon.ZERO, 0);
    return Receipt.sign(ROUTER, List.of(other, terms, other)).get(1);
  }

  private static Receipt receipt() {
    return receipt(PRICE.cost(TOKENS, 1_500));
  }

  private int run(String input, String... arguments) {
    out.reset();
    err.reset();
    Terminal terminal =
        new Terminal(
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false,
            false);
    return ReceiptCommand.commandLine(terminal).execute(arguments);
  }

  private String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String complained() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void saysInWordsWhatWasUsedAndPaid() {
    assertEquals(0, run("", "verify", receipt().toText(), "--router-key", ROUTER_KEY));
    assertEquals(
        """
        VALID. On 2026-01-01T00:00:00Z account 7 paid 0.000011850 TON for 1000 prompt tokens (400 cached) and 200 tokens of an answer of model-ü, at a coefficient of 1.5.
        Signed by the router's key %s.
        """
            .formatted(ROUTER_KEY),
        printed());
    assertEquals("", complained());
  }

  @Test
  void refusesEveryReceiptWithOneBitFlipped() {
    byte[] good = receipt().encode();
    for (int bit = 0; bit < good.length * Byte.SIZE; bit++) {
      byte[] bad = good.clone();
      bad[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
      String text = Base64.getUrlEncoder().withoutPadding().encodeToString(bad);
      assertInstanceOf(ReceiptVerdict.Refused.class, ReceiptRules.NONE.judge(text), "bit " + bit);
      if (bit % 61 == 0) { // the command does the same, and takes its time to start
        assertEquals(1, run("", "verify", text), "bit " + bit);
        assertTrue(complained().startsWith("INVALID ("), complained());
        assertEquals("", printed());
      }
    }
  }

  @Test
  void refusesEveryOtherSpelling() {
    String good = receipt().toText();
    for (int bit = 0; bit < good.length() * Byte.SIZE; bit++) {
      byte[] bad = good.getBytes(StandardCharsets.ISO_8859_1);
      bad[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
      String text = new String(bad, StandardCharsets.ISO_8859_1);
      // A line's end or a blank around the text is no part of it, and not a spelling either.
      ReceiptVerdict verdict = ReceiptRules.NONE.withRouterKey(ROUTER_KEY).judge(text);
      assertInstanceOf(ReceiptVerdict.Refused.class, verdict, "bit " + bit);
    }
    assertEquals(1, run("", "verify", good + "="));
    assertEquals(1, run("", "verify", good + good));
    assertEquals(1, run("", "verify"), "nothing comes from an empty standard input");
  }

  @Test
  void namesTheRouterThatOvercharges() {
    NanoTon oneMore = PRICE.cost(TOKENS, 1_500).plus(new NanoTon(1));
    assertEquals(1, run("", "verify", receipt(oneMore).toText()));
    assertEquals(
        "INVALID (OVERCHARGED): It charges 0.000011851 TON, and its own tokens, prices and"
            + " coefficient make 0.000011850 TON.\n",
        complained());
  }

  @Test
  void comparesWithWhatWasAgreed() {
    String text = receipt().toText();
    ReceiptRules agreed =
        ReceiptRules.NONE
            .withRouterKey(ROUTER_KEY)
            .withSettlement(new Settled(-31337, SETTLEMENT))
            .withRequest(REQUEST, 200)
            .withPrice(PRICE, 1_500);
    assertInstanceOf(ReceiptVerdict.Holds.class, agreed.judge(text));
    assertEquals(Reason.OTHER_ROUTER, reason(agreed.withRouterKey("ab".repeat(32)), text));
    assertEquals(
        Reason.OTHER_SETTLEMENT, reason(agreed.withSettlement(new Settled(-3, SETTLEMENT)), text));
    assertEquals(
        Reason.OTHER_SETTLEMENT,
        reason(agreed.withSettlement(new Settled(-31337, new TonAddress(new byte[32]))), text));
    assertEquals(Reason.OTHER_REQUEST, reason(agreed.withRequest(new UUID(1, 1), 200), text));
    assertEquals(Reason.OTHER_TOKENS, reason(agreed.withRequest(REQUEST, 199), text));
    assertEquals(Reason.OTHER_PRICE, reason(agreed.withPrice(PRICE, 1_499), text));
    for (Price less :
        List.of(
            new Price(4_999_999, 1_000_000, 20_000_000, 30_000_000),
            new Price(5_000_000, 999_999, 20_000_000, 30_000_000),
            new Price(5_000_000, 1_000_000, 19_999_999, 30_000_000),
            new Price(5_000_000, 1_000_000, 20_000_000, 29_999_999))) {
      assertEquals(Reason.OTHER_PRICE, reason(agreed.withPrice(less, 1_500), text));
    }
  }

  private static Reason reason(ReceiptRules rules, String text) {
    return assertInstanceOf(ReceiptVerdict.Refused.class, rules.judge(text)).reason();
  }

  @Test
  void findsTheReceiptInFilesAnswersAndPipes(@TempDir Path folder) throws IOException {
    String text = receipt().toText();
    String answer =
        "{\"id\":\"x\",\"usage\":{\"cost_nanoton\":1,\"receipt\":\"%s\"}}".formatted(text);
    Path file = Files.writeString(folder.resolve("answer.json"), answer);
    assertEquals(0, run("", "verify", file.toString()));
    assertEquals(0, run(answer, "verify", "-"));
    assertEquals(0, run(text + "\n", "verify"));
    assertEquals(0, run("{\"receipt\":\"%s\"}".formatted(text), "verify"));
    assertEquals(1, run("{\"usage\":{}}", "verify"));
    assertEquals(2, run("", "verify", folder.toString()), "a folder cannot be read");
    assertEquals(2, run("", "verify", text, "--router-key", "abc"));
  }

  @Test
  void writesJsonForPrograms() throws IOException {
    assertEquals(0, run("", "verify", receipt().toText(), "--json"));
    Json good = Json.parse(out.toByteArray(), out.size());
    assertTrue(good.at("valid").isTrue());
    assertEquals(11_850, good.at("cost_nanoton").number(0));
    assertEquals(ROUTER_KEY, good.at("router_key").text(""));
    assertEquals(1, run("", "verify", "AgAA", "--json"));
    Json bad = Json.parse(out.toByteArray(), out.size());
    assertEquals("malformed", bad.at("reason").text(""));
  }

  @Test
  void showsAllFieldsAndSaysThatNothingWasChecked() {
    assertEquals(0, run("", "show", receipt(NanoTon.ofTon(9)).toText()));
    assertTrue(printed().contains("9.000000000 TON"), printed());
    assertTrue(printed().contains("NOT checked"), printed());
    assertEquals(1, run("", "show", "x"));
    assertTrue(complained().startsWith("This is no receipt: "), complained());
  }

  @Test
  void asksTheRouterForItsKey() throws IOException {
    String[] key = {ROUTER_KEY};
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
    server.createContext(
        "/v1/network",
        exchange -> {
          byte[] body =
              "{\"settlement\":{\"router_key\":\"%s\"}}"
                  .formatted(key[0])
                  .getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    String url = "http://127.0.0.1:" + server.getAddress().getPort();
    assertEquals(0, run("", "verify", receipt().toText(), "--url", url));
    key[0] = "ab".repeat(32);
    assertEquals(1, run("", "verify", receipt().toText(), "--url", url));
    assertTrue(complained().contains("OTHER_ROUTER"), complained());
    key[0] = "nothing";
    assertEquals(1, run("", "verify", receipt().toText(), "--url", url));
    server.stop(0);
    assertEquals(1, run("", "verify", receipt().toText(), "--url", url));
    assertTrue(complained().startsWith("nothing answers"), complained());
  }
}
