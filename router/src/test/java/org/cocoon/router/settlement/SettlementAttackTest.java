package org.cocoon.router.settlement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.chain.Wallet;
import org.cocoon.devnet.chain.FaultRule.Effect.Kind;
import org.cocoon.devnet.chain.FaultRule.Where;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.TestPostgres;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What others, the network and bad luck can try. */
class SettlementAttackTest {
  private static final long TON = NanoTon.PER_TON;
  private static final ReceiptKey VOUCHERS = TestDevnet.key(11);

  private TestDevnet devnet;
  private TestBooks books;
  private TonAddress registry;
  private Wallet alice;
  private Account account;

  @BeforeEach
  void open() throws Exception {
    devnet = new TestDevnet();
    registry = devnet.registry(devnet.funded(1, 10));
    devnet.give(devnet.wallet(901).address(), NanoTon.ofTon(100));
    books =
        new TestBooks(TestPostgres.migratedDatabase(), devnet.chain, TestBooks.options(registry));
    alice = devnet.funded(10, 100);
    account = books.account("alice");
    books.until("a stake", () -> books.contractIs(SettlementContract.Status.ACTIVE));
  }

  @AfterEach
  void close() {
    books.close();
    devnet.close();
  }

  private void anEpoch() throws Exception {
    if (books.number("SELECT count(*) FROM channels") == 0) {
      devnet.deposit(books, alice, VOUCHERS, 20 * TON, 20 * TON, account);
      books.until("credit", () -> books.balance(account) == 20 * TON);
    }
    long before = books.number("SELECT epoch FROM settlement_books");
    books.use(account, TON, devnet.wallet(20).address());
    TestPostgres.execute(books.database, "SELECT return_credit('test', NULL)");
    books.until("an epoch", () -> books.number("SELECT epoch FROM settlement_books") == before + 1);
  }

  // ------------------------------------------------------------------ vouchers and channels

  @Test
  void takesTheBestVoucherInWhateverOrderTheyCome() throws Exception {
    books.open(account, alice, VOUCHERS, TON);
    Voucher low = books.voucher(alice, VOUCHERS, 2 * TON);
    Voucher high = books.voucher(alice, VOUCHERS, 3 * TON);
    assertInstanceOf(VoucherOutcome.Accepted.class, submit(account, high));
    assertInstanceOf(VoucherOutcome.Superseded.class, submit(account, low));
    assertInstanceOf(VoucherOutcome.Accepted.class, submit(account, high));
    assertEquals(3 * TON, books.number("SELECT ceiling_nanoton FROM channels"));
    assertThrows(
        SQLException.class,
        () -> TestPostgres.execute(books.database, "UPDATE channels SET ceiling_nanoton = 1"));
  }

  @Test
  void boundsAVoucherOfAnySizeByTheDeposit() throws Exception {
    devnet.deposit(books, alice, VOUCHERS, 2 * TON, Long.MAX_VALUE, account);
    books.until("credit", () -> books.balance(account) == 2 * TON);
    books.round();
    assertEquals(2 * TON, books.balance(account));
  }

  @Test
  void refusesForgedAndForeignVouchersAndChannels() throws Exception {
    ReceiptKey stranger = TestDevnet.key(99);
    Voucher mine = books.voucher(alice, VOUCHERS, TON);
    assertEquals(
        SettlementRefusal.NO_CHANNEL,
        assertInstanceOf(VoucherOutcome.Refused.class, submit(account, mine)).reason());
    // Whoever has not the voucher key cannot take somebody's channel.
    Account thief = books.account("thief");
    Voucher forged =
        Voucher.sign(stranger, TestDevnet.NETWORK, mine.contract(), mine.ceiling(), mine.expires());
    ChannelOutcome stolen =
        books.call(
            () ->
                books.settlement.openChannel(thief, alice.address(), VOUCHERS.publicKey(), forged));
    assertEquals(
        SettlementRefusal.BAD_SIGNATURE,
        assertInstanceOf(ChannelOutcome.Refused.class, stolen).reason());
    books.open(account, alice, VOUCHERS, TON);
    assertEquals(
        SettlementRefusal.BAD_SIGNATURE,
        assertInstanceOf(VoucherOutcome.Refused.class, submit(account, forged)).reason());
    assertEquals(
        SettlementRefusal.TAKEN,
        assertInstanceOf(ChannelOutcome.Refused.class, books.open(thief, alice, VOUCHERS, 2 * TON))
            .reason());
    assertEquals(
        SettlementRefusal.OTHER_CHANNEL,
        assertInstanceOf(ChannelOutcome.Refused.class, books.open(account, alice, stranger, TON))
            .reason());
  }

  private VoucherOutcome submit(Account who, Voucher voucher) throws Exception {
    return books.call(() -> books.settlement.submitVoucher(who, voucher));
  }

  @Test
  void keepsPrepaymentsOfNobodyUntilSomebodyAssignsThem() throws Exception {
    Wallet bob = devnet.funded(12, 10);
    for (String comment : new String[] {"", "hello", "cocoon:999", "cocoon:-1", "cocoon:01"}) {
      devnet.prepay(bob, books.terms.address(), new NanoTon(TON), comment);
    }
    books.until(
        "prepayments",
        () -> books.number("SELECT count(*) FROM prepayments WHERE account_id IS NULL") == 5);
    String hash =
        books.pool.run(
            c ->
                Sql.first(
                        c,
                        "SELECT encode(hash, 'hex') FROM prepayments LIMIT 1",
                        row -> row.getString(1))
                    .orElseThrow());
    assertTrue(books.call(() -> books.settlement.assignPrepayment(hash, account)));
    assertFalse(books.call(() -> books.settlement.assignPrepayment(hash, account)));
    assertEquals(TON, books.balance(account));
    assertEquals(0, books.number("SELECT count(*) FROM audit()"));
  }

  // ------------------------------------------------------------------ the client alone

  @Test
  void claimsBeforeTheClientLeavesAloneAndCreditsNothingThatLeaves() throws Exception {
    devnet.deposit(books, alice, VOUCHERS, 10 * TON, 10 * TON, account);
    books.until("credit", () -> books.balance(account) == 10 * TON);
    books.use(account, TON, devnet.wallet(20).address());
    TestPostgres.execute(books.database, "SELECT return_credit('test', NULL)");
    TonAddress channel = books.channel(alice, VOUCHERS);
    devnet.send(
        alice,
        Outgoing.to(
            channel, SettlementTerms.FEES.withdraw(), ChannelContract.withdraw(1, NanoTon.ZERO)));
    books.until("no credit", () -> books.balance(account) == 0);
    books.until("the claim", () -> books.number("SELECT claimed_nanoton FROM channels") == TON);
    devnet.advance(Duration.ofHours(11));
    devnet.send(
        alice, Outgoing.to(channel, SettlementTerms.FEES.finish(), ChannelContract.finish(2)));
    books.until(
        "closed", () -> books.number("SELECT count(*) FROM channels WHERE status = 3") == 1);
    assertEquals(9 * TON, books.number("SELECT withdrawn_nanoton FROM channels"));
    devnet.deposit(books, alice, VOUCHERS, 5 * TON, 15 * TON, account);
    var more = books.voucher(alice, VOUCHERS, 15 * TON);
    submit(account, more);
    books.until("open again", () -> books.balance(account) == 5 * TON);
    assertEquals(0, books.number("SELECT count(*) FROM audit()"));
  }

  // ------------------------------------------------------------------ backups and keys

  @Test
  void refusesToSettleWithAnOldBackup() throws Exception {
    anEpoch();
    TestPostgres.execute(
        books.database,
        "ALTER TABLE epochs DISABLE TRIGGER never_removed; DELETE FROM epoch_leaves;"
            + " DELETE FROM epochs; ALTER TABLE epochs ENABLE TRIGGER never_removed");
    SettlementException refused =
        assertThrows(
            SettlementException.class,
            () ->
                SettlementProcess.open(
                    books.options,
                    devnet.chain,
                    books.database,
                    books.operatorKey,
                    books.router,
                    new SimpleMeterRegistry()));
    assertTrue(String.valueOf(refused.getMessage()).contains("old backup"), refused.getMessage());
  }

  @Test
  void refusesADatabaseThatSettlesElsewhere() {
    SettlementException refused =
        assertThrows(
            SettlementException.class,
            () ->
                SettlementProcess.open(
                    books.options,
                    devnet.chain,
                    books.database,
                    books.operatorKey,
                    TestDevnet.key(77),
                    new SimpleMeterRegistry()));
    assertTrue(
        String.valueOf(refused.getMessage()).contains("this ledger settles at"),
        refused.getMessage());
  }

  @Test
  void letsOneRouterSettleAtATime() throws Exception {
    assertNull(Transactions.settler(books.database));
  }

  @Test
  void neverStoresASecondCommitmentForAnEpoch() throws Exception {
    anEpoch();
    for (String attempt :
        new String[] {
          "UPDATE epochs SET earned_nanoton = earned_nanoton + 1",
          "UPDATE epochs SET number = number + 1",
          "DELETE FROM epochs",
          "TRUNCATE epochs CASCADE",
          "INSERT INTO epochs SELECT number, root, earned_nanoton + 1, digest, expires, signature,"
              + " statement_hash, signed_at FROM epochs"
        }) {
      assertThrows(
          SQLException.class, () -> TestPostgres.execute(books.database, attempt), attempt);
    }
  }

  @Test
  void stopsWhenAnotherHasItsKeyAndGivesTheProof() throws Exception {
    anEpoch();
    Commitment own = books.pool.run(c -> new EpochStore(books.terms).newest(c)).orElseThrow();
    Commitment other =
        Commitment.sign(
            books.router,
            own.networkId(),
            own.contract(),
            own.epoch(),
            new byte[32],
            own.earned(),
            own.digest(),
            own.expires());
    assertInstanceOf(
        ChallengeOutcome.Same.class, books.call(() -> books.settlement.challenge(own)));
    assertInstanceOf(
        ChallengeOutcome.NotOurs.class,
        books.call(
            () ->
                books.settlement.challenge(
                    new Commitment(
                        own.networkId(),
                        own.contract(),
                        own.epoch(),
                        new byte[32],
                        own.earned(),
                        own.digest(),
                        own.expires(),
                        own.signature()))));
    ChallengeOutcome.Contradiction proof =
        assertInstanceOf(
            ChallengeOutcome.Contradiction.class,
            books.call(() -> books.settlement.challenge(other)));
    assertTrue(
        devnet.send(alice, Outgoing.to(proof.contract(), proof.value(), proof.body())).succeeded());
    books.until("slashed", () -> books.contractIs(SettlementContract.Status.SLASHED));
    long sent = (long) books.metrics.sent.count();
    books.use(account, TON, devnet.wallet(21).address());
    for (int i = 0; i < 5; i++) {
      books.round();
    }
    assertEquals(sent, (long) books.metrics.sent.count());
    assertEquals(1, books.metrics.halted.get());
  }

  @Test
  void stopsWhenTheChainHasAnEpochThatItNeverSigned() throws Exception {
    anEpoch();
    SettlementContract.State state =
        SettlementContract.read(devnet.chain, books.terms.address()).orElseThrow();
    Commitment foreign =
        Commitment.sign(
            books.router,
            TestDevnet.NETWORK,
            books.terms.address(),
            state.epoch() + 1,
            new byte[32],
            state.earned(),
            new byte[32],
            0xffff_ffffL);
    devnet.send(
        alice,
        Outgoing.to(
            books.terms.address(),
            SettlementTerms.FEES.settlementRest(),
            SettlementContract.commit(1, foreign)));
    books.until(
        "halted",
        () ->
            books.number("SELECT count(*) FROM settlement_books WHERE halted LIKE '%never signed%'")
                == 1);
  }

  // ------------------------------------------------------------------ the network

  @Test
  void losesNothingButTimeWhileTheChainIsAwayForAnHour() throws Exception {
    devnet.deposit(books, alice, VOUCHERS, 10 * TON, 10 * TON, account);
    books.until("credit", () -> books.balance(account) == 10 * TON);
    devnet.faults(1, TestDevnet.fault(Where.API, Kind.REFUSE, 1, 0));
    books.use(account, TON, devnet.wallet(20).address());
    assertThrows(ChainException.class, books::round);
    devnet.advance(Duration.ofHours(1));
    assertThrows(ChainException.class, books::round);
    devnet.faults(1);
    books.until("the payout", () -> devnet.received(devnet.wallet(20).address()) == TON * 95 / 100);
  }

  @Test
  void believesNothingOfAForkedOrStaleAnswerThatContradictsTheBooks() throws Exception {
    anEpoch();
    for (Kind kind : new Kind[] {Kind.STALE, Kind.FORK}) {
      devnet.faults(3, TestDevnet.fault(Where.API, kind, 0.5, 0));
      for (int i = 0; i < 8; i++) {
        try {
          books.round();
        } catch (ChainException e) {
          books.restart(); // whatever was believed in between is asked again
        }
        books.use(account, TON / 100, devnet.wallet(20).address());
      }
      devnet.faults(3);
    }
    long earned = books.earned(devnet.wallet(20).address());
    books.until("the payout", () -> devnet.received(devnet.wallet(20).address()) == earned);
    assertEquals(0, books.number("SELECT count(*) FROM audit()"));
  }

  @Test
  void waitsForGasWithoutALoop() throws Exception {
    devnet.deposit(books, alice, VOUCHERS, 10 * TON, 10 * TON, account);
    books.until("credit", () -> books.balance(account) == 10 * TON);
    TonAddress operator = books.operator.address();
    NanoTon rest = devnet.balance(operator).minus(new NanoTon(20_000_000));
    devnet.send(books.operator, Outgoing.transfer(alice.address(), rest));
    books.use(account, TON, devnet.wallet(20).address());
    long sent = (long) books.metrics.sent.count();
    for (int i = 0; i < 5; i++) {
      books.round();
    }
    assertEquals(sent, (long) books.metrics.sent.count());
    assertTrue(books.metrics.missing.get() > 0);
    devnet.give(operator, NanoTon.ofTon(5));
    books.until("the payout", () -> devnet.received(devnet.wallet(20).address()) == TON * 95 / 100);
  }

  @Test
  void refundsPrepaidCreditThroughAnEpochOnce() throws Exception {
    Wallet bob = devnet.funded(12, 10);
    devnet.prepay(bob, books.terms.address(), new NanoTon(3 * TON), "cocoon:" + account.id());
    books.until("credit", () -> books.balance(account) == 3 * TON);
    books.use(account, TON, devnet.wallet(20).address());
    PayeeView waiting = books.call(() -> books.settlement.payee(devnet.wallet(20).address()));
    assertTrue(waiting.nextEpochSeconds() > 1_700_000_000, "a first epoch is due now, not in 1970");
    TonAddress home = devnet.wallet(30).address();
    Withdrawal.Refund all = new Withdrawal.Refund(Optional.empty(), home, "once");
    for (int i = 0; i < 2; i++) {
      WithdrawalOutcome.Refunded refunded =
          assertInstanceOf(
              WithdrawalOutcome.Refunded.class,
              books.call(() -> books.settlement.withdraw(account, all)));
      assertEquals(2 * TON, refunded.amount().nanos());
    }
    assertEquals(0, books.balance(account));
    books.until("the refund", () -> devnet.received(home) == 2 * TON);
    books.round();
    PayeeView view = books.call(() -> books.settlement.payee(home));
    assertEquals(2 * TON, view.paid().nanos());
    assertEquals(1, view.payouts().size());
  }
}
