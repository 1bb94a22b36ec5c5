package org.cocoon.devnet;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Somebody else's client on the devnet. */
final class ClientTest {
  @Test
  void tonClientWorksUnmodified() throws IOException, InterruptedException {
    try (TestDevnet devnet = new TestDevnet(null, 1000)) {
      String script = Path.of("src/test/node/client.mjs").toAbsolutePath().toString();
      String said =
          Programs.run(Path.of("npm").toAbsolutePath(), List.of("node", script, devnet.url()));
      assertTrue(said.contains("client: passed"), said);
    }
  }
}
