package org.cocoon.router.settlement;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import org.cocoon.router.ledger.DatabaseUrl;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Where database transactions run: on a few shared connections, or on the one that holds the lock
 * of who settles. Blocks; for virtual threads.
 */
interface Transactions extends AutoCloseable {
  /** Of all databases' advisory locks, the one of who settles: "cocoon-s". */
  long SETTLER = 0x636f636f6f6e2d73L;

  /** What is done within one transaction. */
  interface Work<T extends @Nullable Object> {
    T run(Connection connection) throws SQLException;
  }

  /** Runs it and commits, or rolls all of it back. */
  <T extends @Nullable Object> T run(Work<T> work) throws SQLException;

  @Override
  void close();

  /** Shared connections, at most so many; any thread. */
  static Transactions pool(DatabaseUrl database, int connections) {
    return new Pool(database, connections);
  }

  /**
   * The one connection of who settles; null if somebody else does. Whatever it writes is written
   * under the lock: with the connection both are lost.
   */
  static @Nullable Transactions settler(DatabaseUrl database) throws SQLException {
    Connection connection = connect(database);
    try (PreparedStatement lock = connection.prepareStatement("SELECT pg_try_advisory_lock(?)")) {
      lock.setLong(1, SETTLER);
      try (ResultSet row = lock.executeQuery()) {
        if (row.next() && row.getBoolean(1)) {
          return new Session(connection);
        }
      }
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
    connection.close();
    return null;
  }

  private static Connection connect(DatabaseUrl database) throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", database.user());
    login.setProperty("password", database.password());
    login.setProperty("connectTimeout", "10");
    login.setProperty("socketTimeout", "60");
    login.setProperty("ApplicationName", "cocoon settlement");
    return DriverManager.getConnection(database.jdbcUrl(), login);
  }

  /** Commits what is done on a connection, or rolls it back. */
  private static <T extends @Nullable Object> T within(Connection connection, Work<T> work)
      throws SQLException {
    connection.setAutoCommit(false);
    try {
      T result = work.run(connection);
      connection.commit();
      connection.setAutoCommit(true);
      return result;
    } catch (SQLException | RuntimeException e) {
      try {
        connection.rollback();
        connection.setAutoCommit(true);
      } catch (SQLException broken) {
        e.addSuppressed(broken);
      }
      throw e;
    }
  }

  /** Connections that wait to be used, and a bound on how many there are. */
  final class Pool implements Transactions {
    private final DatabaseUrl database;
    private final Semaphore permits;
    private final LinkedBlockingQueue<Connection> idle = new LinkedBlockingQueue<>();
    private volatile boolean closed;

    private Pool(DatabaseUrl database, int connections) {
      this.database = database;
      this.permits = new Semaphore(connections);
    }

    @Override
    public <T extends @Nullable Object> T run(Work<T> work) throws SQLException {
      permits.acquireUninterruptibly();
      try {
        Connection waiting = idle.poll();
        Connection connection = waiting == null ? connect(database) : waiting;
        boolean good = false;
        try {
          T result = within(connection, work);
          good = true;
          return result;
        } finally {
          if (good && !closed) {
            idle.add(connection);
          } else {
            connection.close(); // whatever is wrong with it, the next one is new
          }
        }
      } finally {
        permits.release();
      }
    }

    @Override
    public void close() {
      closed = true;
      for (Connection connection = idle.poll(); connection != null; connection = idle.poll()) {
        closeQuietly(connection);
      }
    }
  }

  /** The connection with the lock. One thread. */
  final class Session implements Transactions {
    private final Connection connection;

    private Session(Connection connection) {
      this.connection = connection;
    }

    @Override
    public <T extends @Nullable Object> T run(Work<T> work) throws SQLException {
      return within(connection, work);
    }

    @Override
    public void close() {
      closeQuietly(connection);
    }
  }

  private static void closeQuietly(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      LoggerFactory.getLogger(Transactions.class).debug("event=connection_close_failed", e);
    }
  }
}
