package org.cocoon.router.ledger;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import org.cocoon.router.ledger.SpoolBatch.Column;
import org.cocoon.router.ledger.SpoolFolder.Identity;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * The one connection that applies a router's spool. It holds an advisory lock for the router's id:
 * of two routers with the same id, which would spend the same lease, one cannot charge.
 *
 * <p>Blocks; one thread. Plain JDBC, so that laying out thousands of rows takes nothing from the
 * event loop.
 */
final class Books implements AutoCloseable {
  private static final int PARAMETERS_BEFORE_COLUMNS = 4;
  private static final int COLUMNS = 26;
  private static final String CHARGE =
      "SELECT account, lease, lease_version FROM charge_batch("
          + "?, ".repeat(PARAMETERS_BEFORE_COLUMNS + COLUMNS - 1)
          + "?)";
  private static final Duration SLOWEST_BATCH = Duration.ofSeconds(60);

  private final Connection connection;
  private final String routerId;

  /** What is leased of an account; see {@link CreditSource.Lease}. */
  record Leased(long accountId, long lease, long version) {}

  /**
   * Up to where a spool is applied.
   *
   * @param spool its id
   * @param applied position
   * @param clean whether its router stopped with nothing left to apply
   */
  record Position(UUID spool, long applied, boolean clean) {}

  private Books(Connection connection, String routerId) {
    this.connection = connection;
    this.routerId = routerId;
  }

  /**
   * Connects and takes the router id's lock.
   *
   * @throws SQLException if the database cannot be reached
   * @throws LedgerException if another router has the lock
   */
  static Books connect(LedgerOptions options) throws SQLException {
    DatabaseUrl database = options.database();
    Properties properties = new Properties();
    properties.setProperty("user", database.user());
    properties.setProperty("password", database.password());
    properties.setProperty("ApplicationName", "cocoon-spool");
    properties.setProperty("tcpKeepAlive", "true");
    properties.setProperty("prepareThreshold", "1");
    properties.setProperty("connectTimeout", seconds(options.callTimeout()));
    properties.setProperty("socketTimeout", seconds(SLOWEST_BATCH));
    Connection connection = DriverManager.getConnection(database.jdbcUrl(), properties);
    Books books = new Books(connection, options.routerId());
    try {
      books.lock();
      return books;
    } catch (SQLException | RuntimeException e) {
      books.close();
      throw e;
    }
  }

  private void lock() throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT pg_try_advisory_lock(hashtextextended(?, 0))")) {
      statement.setString(1, "cocoon-router-" + routerId);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        if (!rows.getBoolean(1)) {
          throw new LedgerException("another router charges under the id " + routerId);
        }
      }
    }
  }

  /** Which database this is. */
  UUID databaseId() throws SQLException {
    try (PreparedStatement statement =
            connection.prepareStatement("SELECT id FROM ledger_identity");
        ResultSet rows = statement.executeQuery()) {
      rows.next();
      return rows.getObject(1, UUID.class);
    }
  }

  /** What the database knows of this router's spool, or null if it has none. */
  @Nullable Position position() throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT spool_id, applied, clean FROM spool_positions WHERE router_id = ?")) {
      statement.setString(1, routerId);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next()
            ? new Position(rows.getObject(1, UUID.class), rows.getLong(2), rows.getBoolean(3))
            : null;
      }
    }
  }

  /** Opens a spool at a position: in the place of an earlier one, if there is one. */
  void adopt(Identity spool, long applied) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO spool_positions VALUES (?, ?, ?, false)"
                + " ON CONFLICT (router_id) DO UPDATE SET spool_id = excluded.spool_id,"
                + " applied = excluded.applied, clean = false")) {
      statement.setString(1, routerId);
      statement.setObject(2, spool.spool());
      statement.setLong(3, applied);
      statement.executeUpdate();
    }
  }

  /** Notes that nothing of the spool is left to apply, and that its router stops. */
  void leaveClean(Identity spool) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "UPDATE spool_positions SET clean = true WHERE router_id = ? AND spool_id = ?")) {
      statement.setString(1, routerId);
      statement.setObject(2, spool.spool());
      statement.executeUpdate();
    }
  }

  /** Gives back everything that this router has leased. */
  void giveBackAll() throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT return_credit(?, NULL)")) {
      statement.setString(1, routerId);
      statement.execute();
    }
  }

  /** Applies a batch in one transaction; what is leased then of its accounts. */
  List<Leased> apply(Identity spool, SpoolBatch batch) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(CHARGE)) {
      statement.setString(1, routerId);
      statement.setObject(2, spool.spool());
      statement.setLong(3, batch.from);
      statement.setLong(4, batch.end());
      PGConnection postgres = connection.unwrap(PGConnection.class);
      int parameter = PARAMETERS_BEFORE_COLUMNS;
      for (Column column : batch.columns()) {
        statement.setArray(++parameter, postgres.createArrayOf(column.type(), column.elements()));
      }
      return leased(statement);
    }
  }

  /** What is leased of these accounts. */
  List<Leased> leases(Collection<Long> accounts) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT a, coalesce(l.amount_nanoton, 0), coalesce(l.version, 0)"
                + " FROM unnest(?) AS u (a)"
                + " LEFT JOIN leases l ON l.router_id = ? AND l.account_id = a")) {
      long[] ids = accounts.stream().mapToLong(Long::longValue).toArray();
      statement.setArray(1, connection.unwrap(PGConnection.class).createArrayOf("int8", ids));
      statement.setString(2, routerId);
      return leased(statement);
    }
  }

  private static List<Leased> leased(PreparedStatement statement) throws SQLException {
    try (ResultSet rows = statement.executeQuery()) {
      List<Leased> all = new ArrayList<>();
      while (rows.next()) {
        all.add(new Leased(rows.getLong(1), rows.getLong(2), rows.getLong(3)));
      }
      return List.copyOf(all);
    }
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }

  private static String seconds(Duration duration) {
    return Long.toString(Math.max(1, duration.toSeconds()));
  }
}
