package org.cocoon.router.settlement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.chain.Wallet;
import org.cocoon.devnet.chain.FaultRule;
import org.cocoon.devnet.chain.FaultRule.Effect.Kind;
import org.cocoon.devnet.chain.FaultRule.Where;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.TestPostgres;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Whenever the settling process dies, and whatever the network does to its messages: nothing is
 * lost, nothing is paid twice, and the books agree with the chain.
 */
class SettlementCrashTest {
  private static final long TON = NanoTon.PER_TON;
  private static final int DEATHS = Integer.getInteger("cocoon.deaths", 40);
  private static final long SEED = Long.getLong("cocoon.seed", 7);

  private final SplittableRandom random = new SplittableRandom(SEED);
  private TestDevnet devnet;
  private TestBooks books;
  private Wallet alice;
  private final ReceiptKey voucherKey = TestDevnet.key(11);
  private Account account;
  private Account prepayer;
  private Wallet bob;
  private long ceiling = 5 * TON;

  @BeforeEach
  void open() throws Exception {
    devnet = new TestDevnet();
    TonAddress registry = devnet.registry(devnet.funded(1, 10));
    devnet.give(devnet.wallet(901).address(), NanoTon.ofTon(500));
    books =
        new TestBooks(TestPostgres.migratedDatabase(), devnet.chain, TestBooks.options(registry));
    alice = devnet.funded(10, 5_000);
    bob = devnet.funded(12, 5_000);
    account = books.account("alice");
    prepayer = books.account("bob");
  }

  @AfterEach
  void close() {
    books.close();
    devnet.close();
  }

  @Test
  void losesAndDoublesNothingWhereverItDies() throws Exception {
    int deaths = 0;
    for (int turn = 0; deaths < DEATHS; turn++) {
      assertTrue(turn < 20 * DEATHS, "it does too little to die of");
      if (turn > 0) {
        live(turn);
      }
      books.death.after(random.nextInt(60));
      try {
        for (int i = 0; i < 4; i++) {
          books.round();
        }
        books.death.never();
      } catch (Death.Died e) {
        deaths++;
        books.restart();
      }
    }
    settles();
  }

  @Test
  void losesAndDoublesNothingWhateverHappensToItsMessages() throws Exception {
    books.until("a stake", () -> books.contractIs(SettlementContract.Status.ACTIVE));
    devnet.deposit(books, alice, voucherKey, 10 * TON, ceiling, account);
    books.until("credit", () -> books.balance(account) == ceiling);
    List<FaultRule> faults =
        List.of(
            TestDevnet.fault(Where.EXTERNAL, Kind.LOSE, 0.4, 0),
            TestDevnet.fault(Where.EXTERNAL, Kind.DOUBLE, 0.5, 0),
            TestDevnet.fault(Where.EXTERNAL, Kind.DELAY, 0.5, 0),
            TestDevnet.faultAt(books.terms.address(), Where.INTERNAL, Kind.BOUNCE, 0.3, 0));
    for (int turn = 0; turn < 15; turn++) {
      books.use(account, 1 + random.nextLong(TON / 10), devnet.wallet(20).address());
      devnet.faults(SEED + turn, faults.toArray(FaultRule[]::new));
      for (int i = 0; i < 6; i++) {
        books.round();
      }
      devnet.faults(0);
      devnet.advance(Duration.ofMinutes(3)); // what was lost is over now
    }
    devnet.advance(Duration.ofMinutes(65)); // nobody waits any longer for what a contract never saw
    settles();
  }

  /** Something happens: money comes in, is spent, is asked for. */
  private void live(int turn) throws Exception {
    if (!books.contractIs(SettlementContract.Status.ACTIVE)) {
      return;
    }
    switch (random.nextInt(6)) {
      case 0 ->
          devnet.deposit(books, alice, voucherKey, 1 + random.nextLong(5 * TON), ceiling, account);
      case 1 ->
          devnet.prepay(
              bob,
              books.terms.address(),
              new NanoTon(1 + random.nextLong(TON)),
              "cocoon:" + prepayer.id());
      case 2 -> {
        ceiling += random.nextLong(3 * TON);
        if (books.number("SELECT count(*) FROM channels") > 0) {
          var voucher = books.voucher(alice, voucherKey, ceiling);
          books.call(() -> books.settlement.submitVoucher(account, voucher));
        }
      }
      case 3 -> withdraw(turn);
      default -> {
        spend(account);
        spend(prepayer);
      }
    }
    TestPostgres.execute(books.database, "SELECT return_credit('test', NULL)");
  }

  private void spend(Account who) throws Exception {
    long balance = books.balance(who);
    if (balance > 0) {
      books.use(who, 1 + random.nextLong(balance), devnet.wallet(20 + random.nextInt(5)).address());
    }
  }

  private void withdraw(int turn) throws Exception {
    if (random.nextBoolean()) {
      books.call(
          () ->
              books.settlement.withdraw(
                  prepayer,
                  new Withdrawal.Refund(Optional.empty(), bob.address(), "turn-" + turn)));
      return;
    }
    WithdrawalOutcome outcome =
        books.call(
            () -> books.settlement.withdraw(account, new Withdrawal.FromChannel(Optional.empty())));
    if (outcome instanceof WithdrawalOutcome.Released released) {
      devnet.send(
          alice,
          Outgoing.to(
              books.channel(alice, voucherKey),
              released.value(),
              ChannelContract.release(turn, released.release())));
    }
  }

  /** It goes on undisturbed: everybody is paid, and all books agree. */
  private void settles() throws Exception {
    TestPostgres.execute(books.database, "SELECT return_credit('test', NULL)");
    books.until("a stake", () -> books.contractIs(SettlementContract.Status.ACTIVE));
    String owed =
        "SELECT coalesce(sum(p.earned_nanoton - coalesce((SELECT sum(o.amount_nanoton)"
            + " FROM payouts o WHERE o.payee_index = p.index), 0)), 0) FROM payees p"
            + " WHERE p.index > 0";
    books.until("all is paid", () -> books.number(owed) == 0);
    books.until(
        "nothing on its way",
        () -> books.number("SELECT count(*) FROM outbox WHERE state IN ('open', 'arrived')") == 0);
    books.round();
    assertEquals(0, books.number("SELECT count(*) FROM audit()"));
    assertEquals(0, books.number("SELECT count(*) FROM settlement_books WHERE halted IS NOT NULL"));
    for (TonAddress each :
        books.pool.run(
            c ->
                Sql.list(
                    c, "SELECT address FROM chain_cursor", row -> Sql.address(row, "address")))) {
      BigDecimal explained =
          books.pool.run(c -> new ChainStore(books.terms).cursor(c, each).balance());
      assertEquals(devnet.balance(each).nanos(), explained.longValueExact(), each.toString());
    }
    SettlementContract.State state =
        SettlementContract.read(devnet.chain, books.terms.address()).orElseThrow();
    assertEquals(NanoTon.ofTon(1), state.stake(), "staked once");
    assertEquals(
        state.collected().nanos(), books.number("SELECT collected_nanoton FROM settlement_books"));
    assertEquals(
        state.paid().nanos(), books.number("SELECT coalesce(sum(amount_nanoton), 0) FROM payouts"));
    for (int payee = 20; payee < 25; payee++) {
      TonAddress address = devnet.wallet(payee).address();
      assertEquals(books.earned(address), devnet.received(address), "payee " + payee);
    }
    Optional<ChannelContract.State> channel =
        ChannelContract.read(devnet.chain, books.channel(alice, voucherKey));
    if (channel.isPresent()) {
      assertEquals(
          channel.get().claimed().nanos(), books.number("SELECT claimed_nanoton FROM channels"));
      assertEquals(
          channel.get().withdrawn().nanos(),
          books.number("SELECT withdrawn_nanoton FROM channels"));
    }
  }
}
