package org.cocoon.client.account;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.cocoon.client.Json;
import org.cocoon.client.Terminal;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.AccountState;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.Delivery;
import org.cocoon.contracts.chain.FeeSchedule;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.chain.SignedExternal;
import org.cocoon.contracts.chain.ToncenterChain;
import org.cocoon.contracts.chain.Wallet;
import org.cocoon.devnet.api.DevnetServer;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.chain.ChainOptions;
import org.cocoon.devnet.chain.ChainThread;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands of who pays, against the real TVM and a router that the test plays. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class DevnetCommandsTest {
  private static final int NETWORK = -31_337;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long DAY = 86_400;

  @TempDir private Path data;
  private final ChainThread devnet =
      ChainThread.open(new ChainOptions(null, new byte[32], 0, 10_000, Clock.systemUTC()));
  private final Vertx vertx = Vertx.vertx();
  private final ToncenterChain chain;
  private final PlayedRouter router;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  DevnetCommandsTest() throws Exception {
    HttpServer server = new DevnetServer(vertx, devnet).listen("127.0.0.1", 0).await();
    URI endpoint = URI.create("http://127.0.0.1:" + server.actualPort() + "/api/v2");
    chain =
        new ToncenterChain(
            new ToncenterChain.Options(
                NETWORK,
                List.of(endpoint),
                java.util.Optional.empty(),
                1_000,
                Duration.ofSeconds(10),
                3));
    ReceiptKey operatorKey =
        ReceiptKey.ofSeed(
            new byte[] {
              1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
              1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
            });
    Wallet operator = Wallet.of(operatorKey, NETWORK);
    SettlementContract.Terms terms =
        new SettlementContract.Terms(
            TonAddress.parse("0:" + "51".repeat(32)),
            operator.address(),
            PlayedRouter.KEY.publicKey(),
            DAY,
            NanoTon.ofTon(10));
    give(operator.address(), 20);
    send(
        operator,
        Outgoing.deploying(
            SettlementContract.stateInit(terms),
            FeeSchedule.BASECHAIN.stake(NanoTon.ofTon(10)),
            SettlementContract.stake(1, NanoTon.ofTon(10))));
    router = new PlayedRouter(terms, endpoint, chain);
  }

  @AfterEach
  void stop() {
    router.close();
    chain.close();
    vertx.close().await();
    devnet.close();
  }

  private void give(TonAddress to, long ton) {
    devnet
        .run(c -> c.give(Address.parse(to.toString()), BigInteger.valueOf(ton * NanoTon.PER_TON)))
        .join();
  }

  private void send(Wallet wallet, Outgoing message) throws Exception {
    AccountState state = chain.account(wallet.address());
    SignedExternal signed =
        wallet.prepare(List.of(message), Wallet.seqno(state), state.seconds() + 60);
    chain.send(signed.boc());
    Delivery delivery = Wallet.await(chain, signed, state.lastLt(), PATIENCE);
    assertTrue(delivery instanceof Delivery.Arrived, delivery.toString());
    assertTrue(
        Wallet.trace(chain, ((Delivery.Arrived) delivery).transaction(), PATIENCE).succeeded());
  }

  private int run(String... words) {
    out.reset();
    err.reset();
    Terminal terminal =
        new Terminal(
            new ByteArrayInputStream(new byte[0]),
            new PrintStream(out, true, UTF_8),
            new PrintStream(err, true, UTF_8),
            false,
            false);
    Map<String, String> environment =
        Map.of("OPENAI_BASE_URL", router.url(), "COCOON_DATA", data.toString());
    CommandLine line =
        new CommandLine(new Nothing())
            .addSubcommand(WalletCommand.commandLine(terminal, environment))
            .addSubcommand(new DepositCommand(terminal, environment))
            .addSubcommand(new BalanceCommand(terminal, environment))
            .addSubcommand(new VoucherCommand(terminal, environment))
            .addSubcommand(new WithdrawCommand(terminal, environment))
            .addSubcommand(new CloseCommand(terminal, environment))
            .addSubcommand(new FinishCommand(terminal, environment));
    return line.execute(words);
  }

  @CommandLine.Command(name = "cocoon")
  private static final class Nothing {}

  private String told() {
    return out.toString(UTF_8) + err.toString(UTF_8);
  }

  private Json json(String... words) throws IOException {
    assertEquals(0, run(words), () -> String.join(" ", words) + "\n" + told());
    return Json.parse(out.toByteArray(), out.size());
  }

  private ChannelContract.State channel() throws Exception {
    return ChannelContract.read(chain, router.channel()).orElseThrow();
  }

  private TonAddress newWallet() throws Exception {
    TonAddress wallet = TonAddress.parse(json("wallet", "new", "--json").at("raw").text(""));
    give(wallet, 20);
    return wallet;
  }

  @Test
  void moneyGoesInIsAllowedAndComesBackWithAndWithoutTheRouter() throws Exception {
    TonAddress wallet = newWallet();
    assertEquals(1, run("wallet", "new"), "a wallet is not replaced");
    Path keyFile = data.resolve("account/wallet.key");
    assertEquals(
        "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(keyFile)));
    assertEquals(20_000_000_000L, json("wallet", "show", "--json").at("balance_nanoton").number(0));

    Json deposit = json("deposit", "5", "--json");
    assertEquals(5_000_000_000L, deposit.at("locked_nanoton").number(0));
    assertEquals(5_000_000_000L, deposit.at("ceiling_nanoton").number(0));
    assertEquals(NanoTon.ofTon(5), channel().deposited());
    String apiKey = Files.readString(data.resolve("account/api.key")).strip();
    assertTrue(router.granted(apiKey), "the router knows the hash of the key");
    assertFalse(router.heard(apiKey), "and was never told the key when it was registered");

    assertEquals(0, run("deposit", "1"), this::told);
    assertEquals(NanoTon.ofTon(6), channel().deposited());
    assertEquals(6_000_000_000L, router.ceiling());
    assertEquals(0, run("voucher", "--ceiling", "7"), this::told);
    assertEquals(7_000_000_000L, router.ceiling());
    assertTrue(told().contains("The channel covers 6.000000000 TON of that"), this::told);
    assertEquals(0, run("balance"), this::told);

    Json withdrawn = json("withdraw", "1.5", "--json");
    assertEquals(1_500_000_000L, withdrawn.at("amount_nanoton").number(0));
    assertEquals(1_500_000_000L, channel().withdrawn().nanos());
    assertEquals(1, run("withdraw", "100"), "more than there is");

    router.close();
    assertEquals(1, run("withdraw", "1"), this::told);
    assertTrue(told().contains("--alone") || told().contains("nothing answers"), this::told);
    assertEquals(0, run("close", "--alone"), this::told);
    assertEquals(ChannelContract.Status.CLOSING, channel().status());
    assertEquals(1, run("finish"), this::told);
    assertTrue(told().contains("The delay is over at"), this::told);
    devnet.run(c -> c.advance(DAY + 1)).join();
    Json finished = json("finish", "--json");
    assertEquals(4_500_000_000L, finished.at("amount_nanoton").number(0));
    assertEquals("CLOSED", finished.at("status").text(""));
    assertTrue(
        chain.account(wallet).balance().compareTo(new NanoTon(19_700_000_000L)) > 0,
        "all but fees and the channel's reserve is back: " + chain.account(wallet).balance());
    assertEquals(1, run("finish"), "nothing is left");
  }

  @Test
  void nothingIsPaidToARouterThatIsNotWhatItSays() throws Exception {
    newWallet();
    router.say("router_key", "ab".repeat(32));
    assertEquals(1, run("deposit", "5"));
    assertTrue(told().contains("Pay nothing to this router"), this::told);
    router.say("router_key", null);
    router.deployed(false);
    assertEquals(1, run("deposit", "5"));
    assertTrue(told().contains("there is no contract at"), this::told);
    router.deployed(true);
    assertEquals(1, run("deposit", "50"));
    assertTrue(told().contains("add 30."), this::told);
    assertEquals(2, run("deposit", "0"));
    assertEquals(2, run("deposit", "-1"));
    assertEquals(2, run("deposit", "1e3"));
    assertEquals(2, run("deposit", "0.0000000001"));
  }

  @Test
  void aReleaseThatIsNotWhatWasAskedForIsNotUsed() throws Exception {
    newWallet();
    assertEquals(0, run("deposit", "2"), this::told);
    router.forge(PlayedRouter.Forgery.OTHER_KEY);
    assertEquals(1, run("withdraw", "1"));
    assertTrue(told().contains("the router's key did not sign it"), this::told);
    router.forge(PlayedRouter.Forgery.LESS);
    assertEquals(1, run("withdraw", "1"));
    assertTrue(told().contains("less than you asked for"), this::told);
    router.forge(PlayedRouter.Forgery.CLOSES);
    assertEquals(1, run("withdraw", "1"));
    assertTrue(told().contains("it closes the channel"), this::told);
    assertEquals(NanoTon.ZERO, channel().withdrawn());
    router.forge(PlayedRouter.Forgery.NONE);
    assertEquals(0, run("close"), this::told);
    assertEquals(NanoTon.ofTon(2), channel().withdrawn(), "paid at once");
    assertEquals(ChannelContract.Status.CLOSING, channel().status());
    assertEquals(1, run("deposit", "1"));
    assertTrue(told().contains("is closing"), this::told);
    assertEquals(1, run("close", "--alone"));
    devnet.run(c -> c.advance(DAY + 1)).join();
    assertEquals(0, run("finish"), this::told);
    assertEquals(ChannelContract.Status.CLOSED, channel().status());
    assertEquals(0, run("deposit", "1"), this::told);
    assertEquals(ChannelContract.Status.OPEN, channel().status());
  }
}
