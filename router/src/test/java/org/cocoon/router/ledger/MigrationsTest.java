package org.cocoon.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;

class MigrationsTest {

  /** A new file whose version is not told to {@link Migrations} would never be applied. */
  @Test
  void newestIsTheVersionOfTheLastFile() throws IOException, URISyntaxException {
    URL folder = Migrations.class.getResource("/db/migration");
    assertNotNull(folder);
    try (Stream<Path> files = Files.list(Path.of(folder.toURI()))) {
      List<Integer> versions =
          files
              .map(file -> String.valueOf(file.getFileName()))
              .map(name -> Integer.valueOf(name.substring(1, name.indexOf("__"))))
              .sorted()
              .toList();
      assertTrue(String.valueOf(versions.getLast()).equals(Migrations.NEWEST), versions::toString);
    }
  }

  /** Rows of a ledger from before settlement are kept, and its books agree. */
  @Test
  void migratesALedgerWithRows() throws Exception {
    DatabaseUrl database = TestPostgres.freshDatabase();
    Flyway.configure()
        .dataSource(database.jdbcUrl(), database.user(), database.password())
        .locations("classpath:db/migration")
        .target("2")
        .load()
        .migrate();
    TestPostgres.execute(
        database,
        "INSERT INTO accounts (name) VALUES ('alice');"
            + "INSERT INTO api_keys (hash, account_id) VALUES (sha256('key'), 1);"
            + "INSERT INTO deposits (account_id, reference, amount_nanoton) VALUES (1, 'd', 100);"
            + "SELECT lease_credit('a', 1, 50);"
            + "INSERT INTO usage VALUES (gen_random_uuid(), 1, 'a', 'm', 1, 2, 30, 'w', '\\x01',"
            + " now())");
    Migrations.apply(database);
    for (String fact :
        List.of(
            "SELECT count(*) = 0 FROM audit()",
            "SELECT balance_nanoton = 70 AND leased_nanoton = 20 FROM accounts",
            "SELECT payee_index IS NULL AND fee_nanoton = 0 AND receipt = '\\x01' FROM usage",
            "SELECT id = 1 AND name = '' FROM api_keys",
            "SELECT kind = 'operator' FROM deposits")) {
      assertEquals(1, TestPostgres.number(database, "SELECT (" + fact + ")::int"), fact);
    }
  }
}
