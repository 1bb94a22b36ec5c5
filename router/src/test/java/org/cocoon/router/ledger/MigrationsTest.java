package org.cocoon.router.ledger;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
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
}
