package org.cocoon.link.evidence;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files of real hardware, where a folder {@code shared/evidence} lies beside the repository. */
public final class SharedEvidence {
  private SharedEvidence() {}

  /** Reads a file, or ends the test as skipped where the folder is missing. */
  public static byte[] read(String name) throws IOException {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null) {
      Path file = folder.resolve("shared/evidence").resolve(name);
      if (Files.exists(file)) {
        return Files.readAllBytes(file);
      }
      folder = folder.getParent();
    }
    return abort("there is no shared/evidence/" + name + " above this folder");
  }
}
