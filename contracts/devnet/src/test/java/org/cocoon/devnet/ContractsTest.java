package org.cocoon.devnet;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.cocoon.contracts.Charge;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.EarningsTree;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.Release;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.contracts.chain.AccountState;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChainMessage;
import org.cocoon.contracts.chain.ChainTransaction;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.ContractMessage;
import org.cocoon.contracts.chain.Delivery;
import org.cocoon.contracts.chain.FeeSchedule;
import org.cocoon.contracts.chain.Outcome;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.RegistryContract;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.chain.SignedExternal;
import org.cocoon.contracts.chain.ToncenterChain;
import org.cocoon.contracts.chain.Trace;
import org.cocoon.contracts.chain.Wallet;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.tool.ChainMain;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contracts' whole life through the Java side, on the real TVM and to the nanoTON. */
final class ContractsTest {
  private static final int NETWORK = -31337;
  private static final long DAY = 86_400;
  private static final long FOREVER = 4_000_000_000L;
  private static final FeeSchedule FEES = FeeSchedule.BASECHAIN;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final ReceiptKey ROUTER = key(1);
  private static final ReceiptKey VOUCHERS = key(2);

  @TempDir Path folder = Path.of("");

  private final Wallet operator = Wallet.of(key(3), NETWORK);
  private final Wallet client = Wallet.of(key(4), NETWORK);
  private final SettlementContract.Terms terms =
      new SettlementContract.Terms(
          RegistryContract.address(registryTerms()),
          operator.address(),
          ROUTER.publicKey(),
          DAY,
          NanoTon.ofTon(100));
  private final TonAddress settlement = SettlementContract.address(terms);
  private final ChannelContract.Terms channelTerms =
      SettlementContract.channelTerms(terms, client.address(), VOUCHERS.publicKey());
  private final TonAddress channel = ChannelContract.address(channelTerms);

  private TestDevnet devnet;
  private ToncenterChain chain;

  @BeforeEach
  void start() {
    devnet = new TestDevnet(null, 10_000);
    chain =
        new ToncenterChain(
            new ToncenterChain.Options(
                NETWORK,
                List.of(URI.create(devnet.url() + "/api/v2")),
                Optional.empty(),
                10_000,
                Duration.ofSeconds(30),
                3));
    give(operator.address(), 400);
    give(client.address(), 30);
  }

  @AfterEach
  void stop() {
    chain.close();
    devnet.close();
  }

  @Test
  void runARegistry() throws ChainException {
    RegistryContract.Terms root = registryTerms();
    TonAddress registry = RegistryContract.address(root);
    assertEquals(Optional.empty(), RegistryContract.read(chain, registry));
    succeeds(
        operator,
        Outgoing.deploying(
            RegistryContract.stateInit(root), FEES.registryDeployment(), Cell.EMPTY));
    byte[] next = "{\"version\": 2}".repeat(900).getBytes(UTF_8);
    Trace announcement =
        succeeds(
            operator,
            Outgoing.to(registry, FEES.announce(next.length), RegistryContract.announce(7, next)));
    long gas = announcement.effects().getFirst().trace().orElseThrow().transaction().gasUsed();
    assertTrue(
        FEES.gas(gas).plus(FEES.message()).compareTo(FEES.announce(next.length)) <= 0,
        "gas " + gas);
    RegistryContract.State announced = RegistryContract.read(chain, registry).orElseThrow();
    assertArrayEquals(root.document(), announced.document());
    assertArrayEquals(next, announced.pending().orElseThrow());
    refused(1024, operator, Outgoing.to(registry, FEES.registry(), RegistryContract.apply(8)));
    refused(1004, client, Outgoing.to(registry, FEES.registry(), RegistryContract.cancel(8)));
    devnet.advance(3_600);
    succeeds(client, Outgoing.to(registry, FEES.registry(), RegistryContract.apply(9)));
    byte[] image = new byte[32];
    Arrays.fill(image, (byte) 0xee);
    assertEquals(Optional.of(false), RegistryContract.isRevoked(chain, registry, image));
    assertEquals(Optional.of(Map.of()), RegistryContract.revoked(chain, registry));
    succeeds(operator, Outgoing.to(registry, FEES.registry(), RegistryContract.revoke(10, image)));
    assertEquals(Optional.of(true), RegistryContract.isRevoked(chain, registry, image));
    assertEquals(
        List.of(new BigInteger(1, image)),
        List.copyOf(RegistryContract.revoked(chain, registry).orElseThrow().keySet()));
    RegistryContract.State state = RegistryContract.read(chain, registry).orElseThrow();
    assertEquals(1, state.version());
    assertArrayEquals(next, state.document());
    assertEquals(operator.address(), state.admin());
    explained(registry, operator.address(), client.address());
  }

  @Test
  void liveThroughDepositClaimEpochPayoutWithdrawalAndClosing() throws ChainException {
    deployAndDeposit();
    ChannelContract.State opened = ChannelContract.read(chain, channel).orElseThrow();
    assertEquals(channelTerms, opened.terms());
    assertEquals(ChannelContract.Status.OPEN, opened.status());
    assertEquals(NanoTon.ofTon(5), opened.locked());

    claim(NanoTon.ofTon(2));
    refused(1023, operator, claiming(NanoTon.ofTon(2)));
    NanoTon credit = new NanoTon(750_000_001);
    succeeds(
        client,
        Outgoing.to(settlement, FEES.prepay(credit), SettlementContract.prepay("cocoon:acct-7")));
    SettlementContract.State collected = state();
    assertEquals(NanoTon.ofTon(2).plus(credit), collected.collected());
    assertEquals(1, collected.openChannels());
    assertEquals(NanoTon.ofTon(100), collected.stake());
    assertEquals(
        List.of("cocoon:acct-7"),
        chain.transactions(settlement, 0, 1_000).stream()
            .flatMap(each -> each.in().stream())
            .map(ChainMessage::content)
            .filter(ContractMessage.Comment.class::isInstance)
            .map(each -> ((ContractMessage.Comment) each).text())
            .toList());

    EarningsTree tree = tree(5);
    commit(1, tree);
    Trace paid =
        succeeds(
            operator,
            Outgoing.to(settlement, FEES.payout(3), SettlementContract.payout(3, tree, 0, 3)));
    assertEquals(7, paid.effects().getFirst().trace().orElseThrow().effects().size() + 1);
    for (int i = 0; i < 5; i++) {
      EarningsTree.Leaf leaf = tree.leaves().get(i);
      assertEquals(leaf.earned(), chain.account(leaf.payee()).balance());
      SettlementContract.Paid at = SettlementContract.paid(chain, settlement, i).orElseThrow();
      assertEquals(leaf.earned(), at.paid());
      assertTrue(at.isFor(leaf.payee()));
      assertFalse(at.isFor(channel));
    }
    assertEquals(tree.root().sum(), state().paid());

    succeeds(
        client,
        Outgoing.to(channel, FEES.withdraw(), ChannelContract.withdraw(1, NanoTon.ofTon(1))));
    refused(1024, client, Outgoing.to(channel, FEES.finish(), ChannelContract.finish(2)));
    devnet.advance(DAY);
    succeeds(client, Outgoing.to(channel, FEES.finish(), ChannelContract.finish(2)));
    assertEquals(NanoTon.ofTon(1), ChannelContract.read(chain, channel).orElseThrow().withdrawn());
    Release release =
        Release.sign(ROUTER, NETWORK, channel, NanoTon.ofTon(2), NanoTon.ofTon(1), true, FOREVER);
    succeeds(client, Outgoing.to(channel, FEES.finish(), ChannelContract.release(3, release)));
    ChannelContract.State closed = ChannelContract.read(chain, channel).orElseThrow();
    assertEquals(ChannelContract.Status.CLOSED, closed.status());
    assertEquals(NanoTon.ZERO, closed.locked());
    assertEquals(NanoTon.ofTon(3), closed.withdrawn());

    succeeds(
        operator, Outgoing.to(settlement, FEES.settlementRest(), SettlementContract.retire(4)));
    devnet.advance(DAY);
    succeeds(
        operator, Outgoing.to(settlement, FEES.settlementRest(), SettlementContract.unstake(5)));
    assertEquals(SettlementContract.Status.RELEASED, state().status());
    assertEquals(NanoTon.ZERO, state().stake());
    explained(channel, settlement, operator.address(), client.address());
  }

  @Test
  void tellALostMessageFromALateOne() throws ChainException, InterruptedException {
    devnet.faults("{\"where\":\"external\",\"effect\":\"lose\",\"count\":1}");
    AccountState before = chain.account(operator.address());
    Outgoing gift = Outgoing.transfer(client.address(), NanoTon.ofTon(1));
    SignedExternal lost = operator.prepare(List.of(gift), 0, before.seconds() + 60);
    chain.send(lost.boc());
    assertInstanceOf(Delivery.Pending.class, Wallet.find(chain, lost, before.lastLt()));
    devnet.advance(300);
    assertInstanceOf(Delivery.Expired.class, Wallet.await(chain, lost, before.lastLt(), PATIENCE));
    AccountState later = chain.account(operator.address());
    SignedExternal again = operator.prepare(List.of(gift), 0, later.seconds() + 60);
    SignedExternal rival = operator.prepare(List.of(gift, gift), 0, later.seconds() + 60);
    chain.send(again.boc());
    assertInstanceOf(Delivery.Arrived.class, Wallet.await(chain, again, before.lastLt(), PATIENCE));
    assertEquals(new Delivery.Superseded(1), Wallet.await(chain, rival, before.lastLt(), PATIENCE));
    assertEquals(1, operator.seqno(chain));
    TestDevnet.await(
        "the gift arrives", () -> hasAtLeast(client.address(), new NanoTon(30_999_000_000L)));
    explained(operator.address(), client.address());
  }

  @Test
  void payAWorkerWhoseRouterIsGone() throws ChainException, IOException {
    deployAndDeposit();
    claim(NanoTon.ofTon(4));
    // The router signs the epoch, hands out proofs, and dies before it posts it.
    EarningsTree tree = tree(5);
    Commitment commitment = commitment(1, tree);
    Path file =
        folder.resolve("settlement-" + HexFormat.of().formatHex(settlement.hash()) + ".json");
    Files.writeString(file, earnings(tree, commitment, 3));
    Path key = folder.resolve("my.key");
    assertEquals(0, tool("wallet", "new", "--key", key.toString()).exitCode());
    Wallet mine = Wallet.of(ReceiptKey.load(key), NETWORK);
    String[] claim = {"claim", "--earnings", folder.toString(), "--key", key.toString()};
    Said poor = tool(claim);
    assertEquals(1, poor.exitCode(), poor.all());
    assertTrue(poor.all().contains("send it the rest"), poor.all());
    give(mine.address(), 1);
    Said dry = tool("claim", "--earnings", file.toString(), "--key", key.toString(), "--dry-run");
    assertEquals(0, dry.exitCode(), dry.all());
    assertEquals(0, state().epoch());
    Said done = tool(claim);
    assertEquals(0, done.exitCode(), done.all());
    EarningsTree.Leaf leaf = tree.leaves().get(3);
    assertEquals(leaf.earned(), chain.account(leaf.payee()).balance());
    assertEquals(1, state().epoch());
    assertEquals(leaf.earned(), state().paid());
    assertTrue(done.all().contains("/tx/"), done.all());
    Said twice = tool(claim);
    assertEquals(1, twice.exitCode(), twice.all());
    assertTrue(twice.all().contains("paid already"), twice.all());
    Files.writeString(file, earnings(tree, commitment, 3).replace("\"index\": 3", "\"index\": 2"));
    assertEquals(2, tool(claim).exitCode());
    explained(settlement, mine.address());
  }

  private void deployAndDeposit() throws ChainException {
    NanoTon stake = NanoTon.ofTon(100);
    succeeds(
        operator,
        Outgoing.deploying(
            SettlementContract.stateInit(terms),
            FEES.stake(stake),
            SettlementContract.stake(1, stake)));
    SettlementContract.State deployed = state();
    assertEquals(terms, deployed.terms());
    assertEquals(SettlementContract.Status.ACTIVE, deployed.status());
    assertEquals(Optional.empty(), ChannelContract.read(chain, channel));
    NanoTon deposit = NanoTon.ofTon(5);
    succeeds(
        client,
        Outgoing.deploying(
            ChannelContract.stateInit(channelTerms),
            FEES.deposit(deposit),
            ChannelContract.deposit(2, deposit)));
  }

  private void claim(NanoTon charged) throws ChainException {
    succeeds(operator, claiming(charged));
    assertEquals(charged, ChannelContract.read(chain, channel).orElseThrow().claimed());
  }

  private Outgoing claiming(NanoTon charged) {
    Voucher voucher = Voucher.sign(VOUCHERS, NETWORK, channel, NanoTon.ofTon(5), FOREVER);
    Charge charge = Charge.sign(ROUTER, NETWORK, channel, charged, FOREVER);
    return Outgoing.to(channel, FEES.claim(), ChannelContract.claim(6, charge, voucher));
  }

  private Commitment commitment(long epoch, EarningsTree tree) {
    return Commitment.sign(
        ROUTER,
        NETWORK,
        settlement,
        epoch,
        tree.root().hash(),
        tree.root().sum(),
        new byte[32],
        FOREVER);
  }

  private void commit(long epoch, EarningsTree tree) throws ChainException {
    Commitment commitment = commitment(epoch, tree);
    succeeds(
        operator,
        Outgoing.to(settlement, FEES.settlementRest(), SettlementContract.commit(7, commitment)));
    assertArrayEquals(commitment.hash(), state().statementHash());
  }

  private EarningsTree tree(int size) {
    List<EarningsTree.Leaf> leaves = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      byte[] payee = new byte[32];
      Arrays.fill(payee, (byte) (0x40 + i));
      leaves.add(new EarningsTree.Leaf(new TonAddress(payee), new NanoTon(100_000_007L * (i + 1))));
    }
    return EarningsTree.of(NETWORK, settlement, leaves);
  }

  private SettlementContract.State state() throws ChainException {
    return SettlementContract.read(chain, settlement).orElseThrow();
  }

  private Trace succeeds(Wallet wallet, Outgoing outgoing) throws ChainException {
    Trace trace = act(wallet, outgoing);
    assertTrue(
        trace.succeeded(),
        () ->
            trace.effects().stream()
                .map(each -> each.trace().map(below -> below.transaction().outcome().toString()))
                .toList()
                .toString());
    return trace;
  }

  private void refused(int exitCode, Wallet wallet, Outgoing outgoing) throws ChainException {
    Trace trace = act(wallet, outgoing);
    assertTrue(trace.isComplete());
    assertFalse(trace.succeeded());
    Trace first = trace.effects().getFirst().trace().orElseThrow();
    assertEquals(new Outcome.Refused(exitCode), first.transaction().outcome());
    assertTrue(first.effects().getFirst().message().bounced());
  }

  private Trace act(Wallet wallet, Outgoing outgoing) throws ChainException {
    AccountState before = chain.account(wallet.address());
    SignedExternal message =
        wallet.prepare(List.of(outgoing), Wallet.seqno(before), before.seconds() + 120);
    chain.send(message.boc());
    Delivery.Arrived arrived =
        assertInstanceOf(
            Delivery.Arrived.class, Wallet.await(chain, message, before.lastLt(), PATIENCE));
    Trace trace = Wallet.trace(chain, arrived.transaction(), PATIENCE);
    assertTrue(trace.isComplete());
    return trace;
  }

  /** Everything that came, less everything that went and every fee, is what is there. */
  private void explained(TonAddress... accounts) throws ChainException {
    for (TonAddress account : accounts) {
      long balance = 0;
      for (ChainTransaction each : chain.transactions(account, 0, 10_000)) {
        balance += each.in().map(in -> in.value().nanos()).orElse(0L);
        balance -= each.totalFees().nanos();
        for (ChainMessage out : each.out()) {
          balance -= out.value().nanos() + out.forwardFee().nanos();
        }
      }
      assertEquals(chain.account(account).balance().nanos(), balance, account.toString());
    }
  }

  private record Said(int exitCode, String all) {}

  private Said tool(String... arguments) {
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text, true);
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--rate", "1000", "--endpoint", devnet.url() + "/api/v2"));
    int exitCode = ChainMain.run(out, out, Map.of(), all.toArray(String[]::new));
    return new Said(exitCode, text.toString());
  }

  /** As the worker's book keeps it. */
  private String earnings(EarningsTree tree, Commitment commitment, int index) {
    HexFormat hex = HexFormat.of();
    String siblings =
        tree.siblings(index, 0).stream()
            .map(node -> "\"%s%016x\"".formatted(hex.formatHex(node.hash()), node.sum().nanos()))
            .collect(Collectors.joining(", "));
    return """
    {
      "version": 1,
      "network": %d,
      "settlement": "%s",
      "routerKey": "%s",
      "payee": "%s",
      "epoch": %d,
      "root": "%s",
      "total": %d,
      "digest": "%s",
      "expires": %d,
      "signature": "%s",
      "earned": %d,
      "index": %d,
      "siblings": [%s]
    }
    """
        .formatted(
            NETWORK,
            settlement,
            hex.formatHex(ROUTER.publicKey()),
            tree.leaves().get(index).payee(),
            commitment.epoch(),
            hex.formatHex(commitment.root()),
            commitment.earned().nanos(),
            hex.formatHex(commitment.digest()),
            commitment.expires(),
            hex.formatHex(commitment.signature()),
            tree.leaves().get(index).earned().nanos(),
            index,
            siblings);
  }

  private boolean hasAtLeast(TonAddress address, NanoTon amount) {
    try {
      return chain.account(address).balance().compareTo(amount) >= 0;
    } catch (ChainException e) {
      throw new AssertionError(e);
    }
  }

  private void give(TonAddress address, long ton) {
    devnet.ask(
        "/devnet/faucet",
        "{\"address\":\"%s\",\"amount\":%d}".formatted(address, ton * NanoTon.PER_TON));
    assertTrue(hasAtLeast(address, NanoTon.ofTon(ton)));
  }

  private static RegistryContract.Terms registryTerms() {
    return new RegistryContract.Terms(
        Wallet.of(key(3), NETWORK).address(), 3_600, "{\"version\": 1}".getBytes(UTF_8));
  }

  private static ReceiptKey key(int fill) {
    byte[] seed = new byte[32];
    Arrays.fill(seed, (byte) fill);
    return ReceiptKey.ofSeed(seed);
  }
}
