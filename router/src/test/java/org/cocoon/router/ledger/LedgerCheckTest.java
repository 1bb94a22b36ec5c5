package org.cocoon.router.ledger;

import static org.cocoon.router.ledger.TestRouter.usage;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Hold;
import org.cocoon.router.ledger.LedgerCheck.ChainSide;
import org.cocoon.router.ledger.LedgerCheck.Line;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class LedgerCheckTest {
  private static final TonAddress OWNER = TonAddress.parse("0:" + "9a".repeat(32));

  @TempDir Path spool;
  private DatabaseUrl database;

  /** A ledger with everything in it: deposits, usage, fees, a refund, a withdrawal, a lease. */
  @BeforeEach
  void books() throws Exception {
    database = TestPostgres.freshDatabase();
    TestRouter router =
        new TestRouter(
            LedgerOptions.of(database, "a", spool)
                .withLeaseChunk(new NanoTon(1_000))
                .withSettlement(TestRouter.SETTLEMENT));
    Account account = router.fundedAccount("alice", 100_000);
    Hold hold = router.hold(account, 900);
    router.with(l -> l.charge(hold, usage(777)));
    router.with(l -> l.accounts().refund(account, "refund", new NanoTon(500), OWNER));
    router.with(l -> l.accounts().withdraw(account, "withdrawal", new NanoTon(300)));
    router.catchUp();
    router.crash(); // with its lease
  }

  @Test
  void everyRuleHoldsAndShowsBothSides() throws Exception {
    LedgerCheck.Report report = LedgerCheck.run(database, spool, ChainSide.NONE);
    assertEquals(List.of(), report.broken());
    Line deposits = report.lines().getFirst();
    assertEquals("deposits = balance + used + withdrawn", deposits.rule());
    assertEquals(BigInteger.valueOf(100_000), deposits.expected());
    assertEquals(BigInteger.valueOf(100_000), deposits.actual());
    assertTrue(
        report.lines().stream()
            .anyMatch(
                line ->
                    line.rule().equals("settled charges + refunds = all earnings")
                        && line.actual().equals(BigInteger.valueOf(1_277))));
    assertTrue(report.lines().stream().anyMatch(line -> line.rule().contains("applied")));
  }

  /** Each with the triggers off that would refuse it. */
  @Test
  void namesEachRuleThatIsBroken() throws Exception {
    Map<String, String> breaks = new TreeMap<>();
    breaks.put("UPDATE accounts SET balance_nanoton = 98424", "deposits = balance + used");
    breaks.put("DELETE FROM deposits", "deposits = balance + used");
    breaks.put("UPDATE withdrawals SET amount_nanoton = 301", "deposits = balance + used");
    breaks.put(
        "UPDATE withdrawals SET amount_nanoton = 501 WHERE kind = 'refund'",
        "settled charges + refunds = all earnings");
    breaks.put("UPDATE usage SET cost_nanoton = 778", "earned = charges + fees + refunds");
    breaks.put("UPDATE usage SET fee_nanoton = 100, payee_index = 1", "earned = charges + fees");
    breaks.put("UPDATE usage SET account_id = 9", "usage belongs to an account");
    breaks.put("UPDATE accounts SET leased_nanoton = leased_nanoton - 1", "leased = sum of leases");
    breaks.put("UPDATE leases SET amount_nanoton = 5", "leased = sum of leases");
    breaks.put(
        "ALTER TABLE accounts DROP CONSTRAINT accounts_check;"
            + " UPDATE accounts SET leased_nanoton = 98424",
        "leased <= balance");
    breaks.put("UPDATE payees SET earned_nanoton = 7 WHERE index = 1", "earned = charges + fees");
    breaks.put("UPDATE payees SET index = 3 WHERE index = 1", "payees are numbered without a gap");
    breaks.put(
        "INSERT INTO unbooked_charges (router_id, request_id, account_id, cost_nanoton, batch_id,"
            + " reason) VALUES ('a', gen_random_uuid(), 1, 9, 1, 'no credit')",
        "every spooled charge is booked");
    breaks.put("UPDATE spool_positions SET applied = 1", "acknowledged <= applied");
    breaks.put("DELETE FROM spool_positions", "the database knows the spool");
    for (Map.Entry<String, String> each : breaks.entrySet()) {
      deleteSpool();
      books();
      TestPostgres.execute(database, "SET session_replication_role = replica; " + each.getKey());
      List<Line> broken = LedgerCheck.run(database, spool, ChainSide.NONE).broken();
      assertTrue(
          broken.stream().anyMatch(line -> line.rule().startsWith(each.getValue())),
          each.getKey() + ": " + broken);
    }
  }

  @Test
  void commandExitsWithOneAndNamesWhatIsWrong() throws Exception {
    assertEquals("0 true", json(ChainSide.NONE));
    ChainSide chain =
        ledger ->
            List.of(Line.atMost("claimed <= deposited", "channel", BigInteger.ONE, BigInteger.TWO));
    assertEquals("1 false claimed <= deposited 1 2", json(chain));
    StringWriter out = new StringWriter();
    assertEquals(1, command(chain, out).execute("check", "--postgres", url()));
    assertTrue(out.toString().contains("BROKEN claimed <= deposited"), out.toString());
    assertEquals(2, command(chain, out).execute("check"), "which ledger?");
    assertEquals(2, command(chain, out).execute("check", "--data", spool.toString()));
  }

  @Test
  void findsTheDatabaseOfADataFolder(@TempDir Path data) throws Exception {
    Path postgres = data.resolve("postgres");
    Files.createDirectories(data);
    try (LocalPostgres own = LocalPostgres.start(postgres, 0)) {
      Migrations.apply(own.url());
      assertEquals(own.url(), LocalPostgres.running(postgres));
      StringWriter out = new StringWriter();
      assertEquals(
          0,
          command(ChainSide.NONE, out).execute("check", "--data", data.toString()),
          out::toString);
    }
    StringWriter out = new StringWriter();
    assertEquals(
        0, command(ChainSide.NONE, out).execute("check", "--data", data.toString()), out::toString);
    assertEquals(null, LocalPostgres.running(postgres));
  }

  private void deleteSpool() throws IOException {
    PostgresBinaries.deleteTree(spool);
  }

  private String json(ChainSide chain) throws Exception {
    StringWriter out = new StringWriter();
    int exit = command(chain, out).execute("check", "--json", "--postgres", url());
    JsonNode report = new ObjectMapper().readTree(out.toString());
    StringBuilder said = new StringBuilder(exit + " " + report.get("holds").asText());
    for (JsonNode rule : report.get("rules")) {
      if (!rule.get("holds").asBoolean()) {
        said.append(' ').append(rule.get("rule").asText());
        said.append(' ').append(rule.get("expected")).append(' ').append(rule.get("actual"));
      }
    }
    return said.toString();
  }

  private static CommandLine command(ChainSide chain, StringWriter out) {
    PrintWriter writer = new PrintWriter(out);
    return LedgerMain.commandLine(chain).setOut(writer).setErr(writer);
  }

  private String url() {
    return "postgresql://%s:%s@%s:%d/%s"
        .formatted(
            database.user(),
            database.password(),
            database.host(),
            database.port(),
            database.database());
  }
}
