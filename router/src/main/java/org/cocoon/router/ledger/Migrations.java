package org.cocoon.router.ledger;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;

/** Brings a database to the schema that this version needs. */
final class Migrations {
  private static final String DURABILITY =
      "SELECT current_setting('fsync'), current_setting('full_page_writes'),"
          + " current_setting('synchronous_commit')";

  /** The version of the last file in db/migration. */
  static final String NEWEST = "4";

  private static final String VERSION =
      "SELECT version FROM flyway_schema_history WHERE success ORDER BY installed_rank DESC LIMIT 1";

  private Migrations() {}

  /**
   * Sees to it that the database is durable and current. One that is current is asked over the
   * ledger's own connections; to load JDBC and Flyway for that took a second of each start.
   *
   * @return fails with {@link LedgerException} as {@link #apply} does
   */
  static Future<Void> ensure(Vertx vertx, Database database, DatabaseUrl url) {
    return database
        .queryOne(VERSION, Tuple.tuple())
        .map(row -> row != null && NEWEST.equals(row.getString(0)))
        .otherwise(false) // no such table, or no such database: apply() finds out
        .compose(
            current ->
                current
                    ? database.queryOne(DURABILITY, Tuple.tuple()).map(row -> durable(row, url))
                    : vertx.executeBlocking(
                        () -> {
                          apply(url);
                          return null;
                        }));
  }

  private static @Nullable Void durable(@Nullable Row settings, DatabaseUrl url) {
    for (int i = 0; i < 3; i++) {
      refuseOff(settings == null ? "off" : settings.getString(i), url);
    }
    return null;
  }

  private static void refuseOff(String setting, DatabaseUrl database) {
    if (setting.equals("off")) {
      throw new LedgerException(
          "The ledger needs a database that never forgets a commit: set fsync,"
              + " full_page_writes and synchronous_commit to on in PostgreSQL at "
              + database);
    }
  }

  /**
   * Refuses a database that may forget what it confirmed, then migrates it. Blocks: not for an
   * event loop.
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
        refuseOff(settings.getString(i), database);
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
}
