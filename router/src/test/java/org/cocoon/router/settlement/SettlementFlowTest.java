package org.cocoon.router.settlement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.chain.Wallet;
import org.cocoon.router.ledger.DatabaseUrl;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.LedgerCheck;
import org.cocoon.router.ledger.TestPostgres;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The whole way of the money, on the real TVM and a real PostgreSQL. */
class SettlementFlowTest {
  private static final long TON = NanoTon.PER_TON;

  private TestDevnet devnet;
  private TestBooks books;
  private TonAddress settlement;

  @BeforeEach
  void open() throws Exception {
    devnet = new TestDevnet();
    TonAddress registry = devnet.registry(devnet.funded(1, 10));
    devnet.give(devnet.wallet(901).address(), NanoTon.ofTon(100));
    DatabaseUrl database = TestPostgres.migratedDatabase();
    books = new TestBooks(database, devnet.chain, TestBooks.options(registry));
    settlement = books.terms.address();
    books.until("a staked contract", () -> books.contractIs(SettlementContract.Status.ACTIVE));
  }

  @AfterEach
  void close() {
    books.close();
    devnet.close();
  }

  @Test
  void everybodyGetsWhatIsTheirsToTheNanoton() throws Exception {
    Wallet alice = devnet.funded(10, 50);
    ReceiptKey voucherKey = TestDevnet.key(11);
    Account account = books.account("alice");
    Account prepayer = books.account("bob");
    assertInstanceOf(ChannelOutcome.Opened.class, books.open(account, alice, voucherKey, 8 * TON));
    books.deposit(devnet, alice, voucherKey, 10 * TON);
    books.until("the channel's credit", () -> books.balance(account) == 8 * TON);

    devnet.prepay(
        devnet.funded(12, 5), settlement, new NanoTon(2 * TON), "cocoon:" + prepayer.id());
    books.until("prepaid credit", () -> books.balance(prepayer) == 2 * TON);

    TonAddress worker = devnet.wallet(20).address();
    TonAddress other = devnet.wallet(21).address();
    books.use(account, 3 * TON, worker);
    books.use(account, TON + 1, other);
    books.use(prepayer, TON, worker);
    TestPostgres.execute(books.database, "SELECT return_credit('test', NULL)");
    long earned = books.earned(worker);
    books.until("the worker is paid", () -> devnet.received(worker) == earned);
    books.until("the other is paid", () -> devnet.received(other) == books.earned(other));
    assertEquals(3_800_000_000L, earned);

    WithdrawalOutcome asked =
        books.call(
            () ->
                books.settlement.withdraw(
                    account, new Withdrawal.FromChannel(Optional.of(new NanoTon(2 * TON)))));
    assertInstanceOf(WithdrawalOutcome.Claiming.class, asked);
    books.round();
    WithdrawalOutcome.Released released =
        assertInstanceOf(
            WithdrawalOutcome.Released.class,
            books.call(
                () ->
                    books.settlement.withdraw(
                        account, new Withdrawal.FromChannel(Optional.empty()))));
    TonAddress channel = books.channel(alice, voucherKey);
    assertTrue(
        devnet
            .send(
                alice,
                Outgoing.to(
                    channel, released.value(), ChannelContract.release(1, released.release())))
            .succeeded());
    books.until(
        "the withdrawal", () -> books.number("SELECT withdrawn_nanoton FROM channels") == 2 * TON);

    books.call(() -> books.settlement.withdraw(account, new Withdrawal.CloseChannel()));
    books.until(
        "leave to close",
        () -> books.number("SELECT count(*) FROM releases WHERE state = 'released'") == 1);
    WithdrawalOutcome.Released closing =
        assertInstanceOf(
            WithdrawalOutcome.Released.class,
            books.call(() -> books.settlement.withdraw(account, new Withdrawal.CloseChannel())));
    assertTrue(
        devnet
            .send(
                alice,
                Outgoing.to(
                    channel, closing.value(), ChannelContract.release(2, closing.release())))
            .succeeded());
    // Everything is paid at once; the channel's own end is told after the delay.
    books.until(
        "paid out", () -> books.number("SELECT count(*) FROM channels WHERE status = 2") == 1);

    ChannelContract.State state = ChannelContract.read(devnet.chain, channel).orElseThrow();
    assertEquals(ChannelContract.Status.CLOSING, state.status());
    assertEquals(0, state.locked().nanos());
    assertEquals(4 * TON + 1, state.claimed().nanos());
    assertEquals(6 * TON - 1, state.withdrawn().nanos());
    assertEquals(0, books.balance(account));
    everythingAdds();
  }

  private void everythingAdds() throws Exception {
    assertEquals(0, books.number("SELECT count(*) FROM audit()"));
    books.round();
    LedgerCheck.Report report = LedgerCheck.run(books.database, null, new ChainCheck(devnet.chain));
    assertTrue(report.lines().size() > 30, "it compares something");
    assertEquals(List.of(), report.broken());
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
        SettlementContract.read(devnet.chain, settlement).orElseThrow();
    assertEquals(
        state.collected().nanos(), books.number("SELECT collected_nanoton FROM settlement_books"));
    assertEquals(state.paid().nanos(), books.number("SELECT paid_nanoton FROM settlement_books"));
    assertEquals(state.paid().nanos(), books.number("SELECT sum(amount_nanoton) FROM payouts"));
  }
}
