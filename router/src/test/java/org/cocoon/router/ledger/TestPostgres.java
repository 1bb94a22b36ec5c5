package org.cocoon.router.ledger;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;

/** The one PostgreSQL of the module's tests, with a fresh database for whoever asks. */
final class TestPostgres {
  private static final Path FOLDER = Path.of("target", "postgres");
  private static LocalPostgres server = start(0);

  private TestPostgres() {}

  /** An empty database, dropped by nobody: target/ goes with the next clean. */
  static synchronized DatabaseUrl freshDatabase() throws SQLException {
    String name = "test_" + UUID.randomUUID().toString().replace('-', '_');
    execute(server.url(), "CREATE DATABASE " + name);
    DatabaseUrl url = server.url();
    return new DatabaseUrl(url.host(), url.port(), name, url.user(), url.password());
  }

  static synchronized void stop() throws IOException {
    server.close();
  }

  /** Starts it again on the port it had. */
  static synchronized void startAgain() {
    server = start(server.url().port());
  }

  static void execute(DatabaseUrl database, String sql) throws SQLException {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  static long number(DatabaseUrl database, String sql) throws SQLException {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getLong(1);
    }
  }

  private static Connection connect(DatabaseUrl database) throws SQLException {
    return DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
  }

  private static LocalPostgres start(int port) {
    try {
      return LocalPostgres.start(FOLDER, port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
