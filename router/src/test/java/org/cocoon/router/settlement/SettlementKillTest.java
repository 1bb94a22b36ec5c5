package org.cocoon.router.settlement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.chain.Wallet;
import org.cocoon.router.ledger.DatabaseUrl;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.LedgerCheck;
import org.cocoon.router.ledger.TestPostgres;
import org.junit.jupiter.api.Test;

/** kill -9 of the settling process while money comes in, is spent, claimed, committed and paid. */
class SettlementKillTest {
  private static final int KILLS = Integer.getInteger("cocoon.kills", 20);
  private static final long SEED = Long.getLong("cocoon.seed", 11);
  private static final long LONGEST_LIFE_MILLIS = 1_500;
  private static final long TON = NanoTon.PER_TON;

  private final SplittableRandom random = new SplittableRandom(SEED);

  @Test
  void losesAndDoublesNothing() throws Exception {
    try (TestDevnet devnet = new TestDevnet()) {
      TonAddress registry = devnet.registry(devnet.funded(1, 10));
      devnet.give(devnet.wallet(901).address(), NanoTon.ofTon(500));
      DatabaseUrl database = TestPostgres.migratedDatabase();
      Wallet alice = devnet.funded(10, 1_000);
      ReceiptKey voucherKey = TestDevnet.key(11);
      try (TestBooks books = new TestBooks(database, devnet.chain, TestBooks.options(registry))) {
        Account account = books.account("alice");
        books.release();
        long ceiling = 0;
        for (int kill = 0; kill < KILLS; kill++) {
          Process child = start(books, devnet, registry);
          try {
            if (books.contractIs(SettlementContract.Status.ACTIVE)) {
              ceiling += TON;
              devnet.deposit(books, alice, voucherKey, TON, 1_000 * TON, account);
              long balance = books.balance(account);
              if (balance > 1) {
                books.use(
                    account,
                    1 + random.nextLong(balance / 2),
                    devnet.wallet(20 + random.nextInt(3)).address());
                TestPostgres.execute(database, "SELECT return_credit('test', NULL)");
              }
            }
            TimeUnit.MILLISECONDS.sleep(random.nextLong(LONGEST_LIFE_MILLIS));
          } finally {
            child.destroyForcibly().waitFor();
          }
        }
        assertTrue(ceiling > 0, "it lived long enough to stake");
        books.restart();
        ends(devnet, books, database);
      }
    }
  }

  private static void ends(TestDevnet devnet, TestBooks books, DatabaseUrl database)
      throws Exception {
    String owed =
        "SELECT coalesce(sum(p.earned_nanoton - coalesce((SELECT sum(o.amount_nanoton)"
            + " FROM payouts o WHERE o.payee_index = p.index), 0)), 0) FROM payees p"
            + " WHERE p.index > 0";
    books.until("all is paid", () -> books.number(owed) == 0);
    books.round();
    assertEquals(List.of(), LedgerCheck.run(database, null, new ChainCheck(devnet.chain)).broken());
    for (int payee = 20; payee < 23; payee++) {
      TonAddress address = devnet.wallet(payee).address();
      assertEquals(books.earned(address), devnet.received(address), "payee " + payee);
    }
    SettlementContract.State state =
        SettlementContract.read(devnet.chain, books.terms.address()).orElseThrow();
    assertEquals(NanoTon.ofTon(1), state.stake(), "staked once");
  }

  private static Process start(TestBooks books, TestDevnet devnet, TonAddress registry)
      throws IOException {
    DatabaseUrl at = books.database;
    String url =
        "postgresql://%s:%s@%s:%d/%s"
            .formatted(at.user(), at.password(), at.host(), at.port(), at.database());
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                SettlingChild.class.getName(),
                url,
                devnet.endpoint.toString(),
                registry.toString(),
                HexFormat.of().formatHex(books.operatorKey.seed()),
                HexFormat.of().formatHex(books.router.seed()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader out = child.inputReader();
    String line = out.readLine();
    while (line != null && !line.equals("settling")) {
      line = out.readLine();
    }
    if (line == null) {
      child.destroyForcibly();
      throw new AssertionError("the child does not settle");
    }
    return child;
  }
}
