package org.cocoon.router.ledger;

import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import org.cocoon.contracts.TonAddress;
import org.cocoon.router.ledger.SpoolBatch.Column;
import org.cocoon.router.ledger.SpoolFolder.Identity;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one connection that applies a router's spool. It holds an advisory lock for the router's id:
 * of two routers with the same id, which would spend the same lease, one cannot charge.
 *
 * <p>Blocks; one thread. Plain JDBC, so that laying out thousands of rows takes nothing from the
 * event loop.
 */
final class Books implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Books.class);
  private static final int POSITION_PARAMETERS = 4;
  private static final String OPEN =
      "SELECT batch_ids, payee_indexes FROM open_batch(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  private static final String CHARGE =
      "SELECT account, lease, lease_version FROM charge_batch("
          + "?, ".repeat(POSITION_PARAMETERS + 25)
          + "?)";
  private static final String INTEGRITY = "23";
  private static final String DATA = "22";
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

  /**
   * Applies a batch in one transaction: all at once, or, where something is wrong with a charge,
   * one by one.
   *
   * @return what is leased then of its accounts
   */
  List<Leased> apply(Identity spool, SpoolBatch batch) throws SQLException {
    connection.setAutoCommit(false);
    try {
      List<Leased> leases = applyAtOnce(spool, batch);
      connection.commit();
      return leases;
    } catch (SQLException e) {
      String state = String.valueOf(e.getSQLState());
      if (!state.startsWith(INTEGRITY) && !state.startsWith(DATA)) {
        throw e;
      }
      connection.rollback();
      log.atInfo()
          .addKeyValue("event", "ledger.onebyone")
          .addKeyValue("charges", batch.size())
          .log("a charge cannot be booked as it is");
    } finally {
      connection.setAutoCommit(true);
    }
    return applyOneByOne(spool, batch);
  }

  private List<Leased> applyAtOnce(Identity spool, SpoolBatch batch) throws SQLException {
    Set<Long> accounts = batch.sums().keySet();
    Map<TonAddress, Boolean> payees = batch.payees();
    Map<TonAddress, Integer> payeeIndexes = new HashMap<>();
    Long[] batchIds;
    try (PreparedStatement statement = connection.prepareStatement(OPEN)) {
      List<Column> columns = new ArrayList<>(batch.frameColumns());
      columns.add(ids(accounts));
      columns.add(Column.ofAddresses(payees.keySet()));
      columns.add(new Column("bool", payees.values().toArray(Boolean[]::new)));
      bind(statement, spool, batch, columns);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        batchIds = (Long[]) rows.getArray(1).getArray();
        @Nullable Integer[] indexes = (@Nullable Integer[]) rows.getArray(2).getArray();
        int number = 0;
        for (TonAddress payee : payees.keySet()) {
          Integer index = indexes[number++];
          if (index != null) {
            payeeIndexes.put(payee, index);
          }
        }
      }
    }
    byte[] rows = UsageRows.encode(routerId, batch, batchIds, payeeIndexes);
    CopyIn copy = connection.unwrap(PGConnection.class).getCopyAPI().copyIn(UsageRows.COPY);
    try {
      copy.writeToCopy(rows, 0, rows.length);
      copy.endCopy();
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
    return leases(accounts);
  }

  private List<Leased> applyOneByOne(Identity spool, SpoolBatch batch) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(CHARGE)) {
      bind(statement, spool, batch, ChargeColumns.of(batch));
      return leased(statement);
    }
  }

  private void bind(
      PreparedStatement statement, Identity spool, SpoolBatch batch, List<Column> columns)
      throws SQLException {
    statement.setString(1, routerId);
    statement.setObject(2, spool.spool());
    statement.setLong(3, batch.from);
    statement.setLong(4, batch.end());
    int parameter = POSITION_PARAMETERS;
    for (Column column : columns) {
      statement.setArray(++parameter, array(column));
    }
  }

  private Array array(Column column) throws SQLException {
    return connection.unwrap(PGConnection.class).createArrayOf(column.type(), column.elements());
  }

  private static Column ids(Collection<Long> accounts) {
    return new Column("int8", accounts.stream().mapToLong(Long::longValue).toArray());
  }

  /** What is leased of these accounts. */
  List<Leased> leases(Collection<Long> accounts) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT account, lease, lease_version FROM leases_of(?, ?)")) {
      statement.setString(1, routerId);
      statement.setArray(2, array(ids(accounts)));
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
