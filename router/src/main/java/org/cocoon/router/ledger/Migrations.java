package org.cocoon.router.ledger;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/** Brings a database to the schema that this version needs. Blocks: not for an event loop. */
final class Migrations {
  private static final String DURABILITY =
      "SELECT current_setting('fsync'), current_setting('full_page_writes'),"
          + " current_setting('synchronous_commit')";

  /** The version of the last file in db/migration. */
  static final String NEWEST = "1";

  private static final String VERSION =
      "SELECT version FROM flyway_schema_history WHERE success ORDER BY installed_rank DESC LIMIT 1";
  private static final String UNDEFINED_TABLE = "42P01";

  private Migrations() {}

  /**
   * Refuses a database that may forget what it confirmed, then migrates it. A database that is
   * current is left alone: to load Flyway for that took a second of each start.
   *
   * @throws LedgerException if it cannot be reached, is not durable or cannot be migrated
   */
  static void apply(DatabaseUrl database) {
    try (Connection connection =
            DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
        Statement statement = connection.createStatement();
        ResultSet settings = statement.executeQuery(DURABILITY)) {
      settings.next();
      for (int i = 1; i <= 3; i++) {
        if ("off".equals(settings.getString(i))) {
          throw new LedgerException(
              "The ledger needs a database that never forgets a commit: set fsync,"
                  + " full_page_writes and synchronous_commit to on in PostgreSQL at "
                  + database);
        }
      }
      if (isCurrent(connection)) {
        return;
      }
    } catch (SQLException e) {
      throw new LedgerException("PostgreSQL at " + database + " cannot be reached", e);
    }
    try {
      Flyway.configure()
          .dataSource(database.jdbcUrl(), database.user(), database.password())
          .locations("classpath:db/migration")
          .load()
          .migrate();
    } catch (FlywayException e) {
      throw new LedgerException("PostgreSQL at " + database + " cannot be migrated", e);
    }
  }

  private static boolean isCurrent(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet versions = statement.executeQuery(VERSION)) {
      return versions.next() && NEWEST.equals(versions.getString(1));
    } catch (SQLException e) {
      if (UNDEFINED_TABLE.equals(e.getSQLState())) {
        return false; // nothing was ever migrated
      }
      throw e;
    }
  }
}
