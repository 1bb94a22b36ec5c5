package org.cocoon.router;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedPolicy;
import org.cocoon.link.evidence.simulated.SimulatedRoot;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.router.ledger.DatabaseUrl;
import org.cocoon.router.ledger.TestPostgres;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program itself, where TEEs differ in what they can seal. */
class RouterStartTest {
  private static final ImageMeasurement IMAGE = new ImageMeasurement("5a".repeat(48));

  @TempDir Path data;
  @TempDir Path tee;

  @BeforeEach
  void writePolicy() throws IOException {
    SimulatedRoot root = SimulatedRoot.in(tee, InstantSource.system());
    Map<Role, Set<String>> images = Map.of(Role.ROUTER, Set.of(IMAGE.imageHash(Role.ROUTER)));
    Files.writeString(
        tee.resolve("policy.json"), SimulatedPolicy.of(Set.of(root.hash()), images).toJson());
  }

  /** A folder that is served as the kernel serves that of TDX. */
  @Test
  void withoutSealingKeysItStartsOnlyIfThePlainFileIsAskedFor() throws Exception {
    DatabaseUrl database = TestPostgres.freshDatabase();
    try (SimulatedTee tdx = SimulatedTee.start(tee, Role.ROUTER, IMAGE)) {
      String reports = tdx.reportsFolder().toString();
      Ended refused = run(database, "--tee", reports);
      assertEquals(1, refused.status(), refused.output());
      assertTrue(
          refused.output().contains("router: the receipt key cannot be sealed: TDX has no"),
          refused.output());
      assertTrue(refused.output().contains("start with --unsealed-keys"), refused.output());
      assertFalse(Files.exists(data.resolve(ReceiptKeyFile.PLAIN)));

      Ended started = run(database, "--tee", reports, "--unsealed-keys");
      assertTrue(started.output().contains("event=receipt_key_unsealed"), started.output());
      assertEquals(
          "rw-------",
          PosixFilePermissions.toString(
              Files.getPosixFilePermissions(data.resolve(ReceiptKeyFile.PLAIN))));
      assertFalse(Files.exists(data.resolve(ReceiptKeyFile.SEALED)));
    }
    Ended sealed = run(database, "--simulated-tee", tee.toString(), "--unsealed-keys");
    assertTrue(sealed.output().contains("event=receipt_key_taken_over"), sealed.output());
    assertFalse(Files.exists(data.resolve(ReceiptKeyFile.PLAIN)));
    assertTrue(Files.exists(data.resolve(ReceiptKeyFile.SEALED)));

    Files.write(data.resolve(ReceiptKeyFile.SEALED), new byte[10]);
    Ended damaged = run(database, "--simulated-tee", tee.toString());
    assertEquals(1, damaged.status(), damaged.output());
    assertTrue(
        damaged.output().contains("router: receipt key refused (MALFORMED)"), damaged.output());
  }

  private record Ended(int status, String output) {}

  /** Runs the program until it ends or listens for clients, and then ends it. */
  private Ended run(DatabaseUrl database, String... more) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-Dlogback.configurationFile=logback.xml", // the program's, not that of tests
                "-cp",
                System.getProperty("java.class.path"),
                RouterMain.class.getName(),
                "--listen=127.0.0.1:0",
                "--link=127.0.0.1:0",
                "--data=" + data,
                "--policy=" + tee.resolve("policy.json"),
                "--postgres=postgresql://%s:%s@%s:%d/%s"
                    .formatted(
                        database.user(),
                        database.password(),
                        database.host(),
                        database.port(),
                        database.database())));
    command.addAll(List.of(more));
    Process router = new ProcessBuilder(command).redirectErrorStream(true).start();
    CompletableFuture.delayedExecutor(60, TimeUnit.SECONDS).execute(router::destroyForcibly);
    StringBuilder output = new StringBuilder();
    try (var lines = router.inputReader(UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        output.append(line).append('\n');
        if (line.contains("event=listening")) {
          router.toHandle().destroy(); // the process's own would close what is read here
        }
      }
      assertTrue(router.waitFor(30, TimeUnit.SECONDS), output.toString());
      return new Ended(router.exitValue(), output.toString());
    } finally {
      router.destroyForcibly();
    }
  }
}
