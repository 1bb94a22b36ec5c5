package org.cocoon.router.ledger;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Explains every balance of a ledger to the nanoTON: each rule of the books, with both sides of it,
 * for each account, payee and spool; and, where there is a {@link ChainSide}, for what the chain
 * holds. Blocks; any thread.
 */
public final class LedgerCheck {
  private static final String RULES =
      "SELECT rule, subject, expected, actual, holds FROM ledger_rules ORDER BY rule, subject";
  private static final String POSITIONS =
      "SELECT router_id, spool_id, applied FROM spool_positions ORDER BY router_id";

  private LedgerCheck() {}

  /**
   * A rule about one subject.
   *
   * @param rule what must be true
   * @param subject of what: an account, a payee, a spool, a contract
   * @param expected one side, in nanoTON (positions of a spool in bytes)
   * @param actual the other
   * @param holds whether it is true
   */
  public record Line(
      String rule, String subject, BigInteger expected, BigInteger actual, boolean holds) {
    /** A rule that both sides are equal. */
    public static Line equal(String rule, String subject, BigInteger expected, BigInteger actual) {
      return new Line(rule, subject, expected, actual, expected.equals(actual));
    }

    /** A rule that the second side is not above the first. */
    public static Line atMost(String rule, String subject, BigInteger most, BigInteger actual) {
      return new Line(rule, subject, most, actual, actual.compareTo(most) <= 0);
    }
  }

  /**
   * All lines.
   *
   * @param lines in the order of the rules
   */
  public record Report(List<Line> lines) {
    /** Copies the lines. */
    public Report {
      lines = List.copyOf(lines);
    }

    /** Whether every rule holds. */
    public boolean holds() {
      return lines.stream().allMatch(Line::holds);
    }

    /** The lines that do not hold. */
    public List<Line> broken() {
      return lines.stream().filter(line -> !line.holds()).toList();
    }
  }

  /** What the chain says of the books: channels, the settlement contract, wallets. */
  @FunctionalInterface
  public interface ChainSide {
    /** No chain is looked at. */
    ChainSide NONE = ledger -> List.of();

    /**
     * Compares the chain with a ledger. May block.
     *
     * @return a line for each rule and contract, also for those that hold
     * @throws IOException if the chain or the ledger cannot be read, with a sentence that says why
     */
    List<Line> compare(DatabaseUrl ledger) throws IOException;
  }

  /**
   * Checks a ledger.
   *
   * @param spool folder of a router's spool that is compared too, or null for none
   * @throws IOException if something cannot be read, with a sentence that says why
   */
  public static Report run(DatabaseUrl ledger, @Nullable Path spool, ChainSide chain)
      throws IOException {
    List<Line> lines = new ArrayList<>();
    try (Connection connection =
        DriverManager.getConnection(ledger.jdbcUrl(), ledger.user(), ledger.password())) {
      // One snapshot for all rules: a running router goes on meanwhile.
      connection.setAutoCommit(false);
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      connection.setReadOnly(true);
      // Before the database: what is acknowledged then is applied in every later snapshot.
      SpoolFolder.Peek peek = spool == null ? null : SpoolFolder.peek(spool);
      addRules(connection, lines);
      if (peek != null) {
        addSpool(connection, peek, lines);
      }
      connection.rollback();
    } catch (SQLException e) {
      throw new IOException("the ledger at " + ledger + " cannot be read: " + e.getMessage(), e);
    }
    lines.addAll(chain.compare(ledger));
    return new Report(lines);
  }

  /**
   * Gives up a spool that is lost: a router of this id may then start with another folder. Charges
   * that only the spool knew are lost.
   *
   * @return whether the database knew a spool of this router
   * @throws IOException if the router runs, or the database cannot be reached
   */
  public static boolean abandonSpool(DatabaseUrl ledger, String routerId) throws IOException {
    LedgerOptions options = LedgerOptions.of(ledger, routerId, Path.of(""));
    try (Books books = Books.connect(options)) { // fails while the router runs
      Books.Position position = books.position();
      if (position == null) {
        return false;
      }
      books.leaveClean(new SpoolFolder.Identity(position.spool(), routerId, books.databaseId()));
      books.giveBackAll();
      return true;
    } catch (LedgerException e) {
      throw new IOException(e.getMessage() + ": stop it first", e);
    } catch (SQLException e) {
      throw new IOException("the ledger at " + ledger + " does not answer: " + e.getMessage(), e);
    }
  }

  private static void addRules(Connection connection, List<Line> lines) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(RULES)) {
      while (rows.next()) {
        lines.add(
            new Line(
                rows.getString(1),
                rows.getString(2),
                whole(rows.getBigDecimal(3)),
                whole(rows.getBigDecimal(4)),
                rows.getBoolean(5)));
      }
    }
  }

  private static void addSpool(Connection connection, SpoolFolder.Peek peek, List<Line> lines)
      throws SQLException {
    String subject = "spool of " + peek.identity().router();
    BigInteger acknowledged = BigInteger.valueOf(peek.applied());
    try (PreparedStatement statement = connection.prepareStatement(POSITIONS);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        if (rows.getObject(2, UUID.class).equals(peek.identity().spool())) {
          BigInteger applied = BigInteger.valueOf(rows.getLong(3));
          lines.add(Line.atMost("acknowledged <= applied", subject, applied, acknowledged));
          return;
        }
      }
    }
    lines.add(
        new Line("the database knows the spool", subject, acknowledged, BigInteger.ZERO, false));
  }

  private static BigInteger whole(@Nullable BigDecimal number) {
    return number == null ? BigInteger.ZERO : number.toBigIntegerExact();
  }
}
