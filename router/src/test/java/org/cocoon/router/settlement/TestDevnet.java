package org.cocoon.router.settlement;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.math.BigInteger;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.Delivery;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.RegistryContract;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.chain.SignedExternal;
import org.cocoon.contracts.chain.ToncenterChain;
import org.cocoon.contracts.chain.Trace;
import org.cocoon.contracts.chain.Wallet;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.devnet.api.DevnetServer;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.chain.ChainOptions;
import org.cocoon.devnet.chain.ChainThread;
import org.cocoon.devnet.chain.FaultRule;
import org.cocoon.router.ledger.Ledger.Account;

/**
 * The chain of all tests, with the real TVM, behind its HTTP API. Each of these has wallets of its
 * own on it.
 */
final class TestDevnet implements AutoCloseable {
  static final int NETWORK = -31_337;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final AtomicInteger GENERATION = new AtomicInteger();

  final ToncenterChain chain = client(Shared.ENDPOINT);
  final URI endpoint = Shared.ENDPOINT;
  private final ChainThread thread = Shared.THREAD;

  /** Started by the first who needs it; it ends with the process. */
  private static final class Shared {
    static final ChainThread THREAD =
        ChainThread.open(new ChainOptions(null, new byte[32], 0, 100_000, Clock.systemUTC()));
    static final URI ENDPOINT = listen();

    private Shared() {}

    private static URI listen() {
      HttpServer server = new DevnetServer(Vertx.vertx(), THREAD).listen("127.0.0.1", 0).await();
      return URI.create("http://127.0.0.1:" + server.actualPort() + "/api/v2");
    }
  }

  TestDevnet() {
    GENERATION.incrementAndGet();
  }

  static ToncenterChain client(URI endpoint) {
    return new ToncenterChain(
        new ToncenterChain.Options(
            NETWORK, List.of(endpoint), Optional.empty(), 10_000, Duration.ofSeconds(10), 3));
  }

  /** A key by its number, another one in each test. */
  static ReceiptKey key(int seed) {
    byte[] bytes = new byte[32];
    bytes[0] = (byte) seed;
    bytes[1] = (byte) (seed >> 8);
    bytes[2] = (byte) GENERATION.get();
    return ReceiptKey.ofSeed(bytes);
  }

  Wallet wallet(int seed) {
    return Wallet.of(key(seed), NETWORK);
  }

  /** A wallet with so much in it. */
  Wallet funded(int seed, long ton) {
    Wallet wallet = wallet(seed);
    give(wallet.address(), NanoTon.ofTon(ton));
    return wallet;
  }

  void give(TonAddress to, NanoTon amount) {
    thread.run(c -> c.give(address(to), BigInteger.valueOf(amount.nanos()))).join();
  }

  /** Lets time pass on the chain. */
  void advance(Duration time) {
    thread.run(c -> c.advance(time.toSeconds())).join();
  }

  void freeze(boolean frozen) {
    thread.run(c -> c.freeze(frozen)).join();
  }

  void faults(long seed, FaultRule... rules) {
    thread.run(c -> c.setFaults(Arrays.asList(rules), seed)).join();
  }

  static FaultRule fault(
      FaultRule.Where where, FaultRule.Effect.Kind kind, double probability, int count) {
    long blocks = kind == FaultRule.Effect.Kind.DELAY ? 3 : 0;
    return new FaultRule(
        where, new FaultRule.Effect(kind, 0, blocks), null, probability, count, Long.MAX_VALUE);
  }

  static FaultRule faultAt(
      TonAddress destination,
      FaultRule.Where where,
      FaultRule.Effect.Kind kind,
      double probability,
      int count) {
    return new FaultRule(
        where,
        new FaultRule.Effect(kind, 0, 0),
        address(destination),
        probability,
        count,
        Long.MAX_VALUE);
  }

  private static Address address(TonAddress to) {
    return Address.parse(to.toString());
  }

  NanoTon balance(TonAddress of) throws ChainException {
    return chain.account(of).balance();
  }

  /** What an account ever received: its balance is less by what storage costs. */
  long received(TonAddress of) throws ChainException {
    return chain.transactions(of, 0, 1_000).stream()
        .mapToLong(each -> each.in().orElseThrow().value().nanos())
        .sum();
  }

  /** Sends and waits until everything that it caused is done. */
  Trace send(Wallet wallet, Outgoing... messages) throws ChainException {
    long lt = chain.account(wallet.address()).lastLt();
    SignedExternal message =
        wallet.prepare(
            Arrays.asList(messages),
            wallet.seqno(chain),
            chain.account(wallet.address()).seconds() + 600);
    chain.send(message.boc());
    Delivery delivery = Wallet.await(chain, message, lt, PATIENCE);
    if (delivery instanceof Delivery.Arrived(var transaction)) {
      return Wallet.trace(chain, transaction, PATIENCE);
    }
    throw new AssertionError("the message did not arrive: " + delivery);
  }

  /** Deploys a registry. */
  TonAddress registry(Wallet admin) throws ChainException {
    RegistryContract.Terms terms =
        new RegistryContract.Terms(admin.address(), 60, new byte[] {'{', '}'});
    send(
        admin,
        Outgoing.deploying(
            RegistryContract.stateInit(terms),
            SettlementTerms.FEES.registryDeployment(),
            Cell.EMPTY));
    return RegistryContract.address(terms);
  }

  /** Opens a channel for an account, if it has none, and deposits. */
  void deposit(
      TestBooks books, Wallet owner, ReceiptKey key, long amount, long ceiling, Account account)
      throws Exception {
    books.open(account, owner, key, ceiling);
    books.deposit(this, owner, key, amount);
  }

  void prepay(Wallet from, TonAddress settlement, NanoTon credit, String comment)
      throws ChainException {
    send(
        from,
        Outgoing.to(
            settlement, SettlementTerms.FEES.prepay(credit), SettlementContract.prepay(comment)));
  }

  @Override
  public void close() {
    faults(0);
    chain.close();
  }
}
