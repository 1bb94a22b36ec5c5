package org.cocoon.router.ledger;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** The one PostgreSQL of the module's tests, emptied for whoever asks. */
public final class TestPostgres {
  private static final Path FOLDER = Path.of("target", "postgres");

  private TestPostgres() {}

  /** Started by the first who asks for a database, not by who only sends statements to another. */
  private static final class Shared {
    static LocalPostgres server = start(0);

    private Shared() {}
  }

  /** The database, with nothing in it. */
  public static synchronized DatabaseUrl freshDatabase() throws SQLException {
    execute(
        Shared.server.url(),
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
            + " ALTER DATABASE "
            + Shared.server.url().database()
            + " RESET ALL");
    return Shared.server.url();
  }

  /** The database, with the newest schema and no rows. */
  public static synchronized DatabaseUrl migratedDatabase() throws SQLException {
    DatabaseUrl database = freshDatabase();
    Migrations.apply(database);
    return database;
  }

  static synchronized void stop() throws IOException {
    Shared.server.close();
  }

  /** Ends the server as the out-of-memory killer does; it is started again by itself. */
  static synchronized void kill() {
    Shared.server.process().destroyForcibly();
  }

  /** Starts it again on the port it had. */
  static synchronized void startAgain() {
    Shared.server = start(Shared.server.url().port());
  }

  public static void execute(DatabaseUrl database, String sql) throws SQLException {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  public static long number(DatabaseUrl database, String sql) throws SQLException {
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
