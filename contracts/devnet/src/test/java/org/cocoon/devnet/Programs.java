package org.cocoon.devnet;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Programs that tests run to their end. */
public final class Programs {
  private static final long LIMIT_MINUTES = 5;

  private Programs() {}

  /** Runs one in a folder; returns what it said, after checking that it ended well. */
  public static String run(Path folder, List<String> command)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile("program-", ".out");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES);
    if (!ended) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    String said = Files.readString(output, UTF_8);
    Files.delete(output);
    assertTrue(ended, () -> command + " took more than five minutes:\n" + said);
    assertEquals(0, process.exitValue(), () -> command + ":\n" + said);
    return said;
  }
}
