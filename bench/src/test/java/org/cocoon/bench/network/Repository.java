package org.cocoon.bench.network;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the files of this repository are, from whichever module tests run. */
public final class Repository {
  private Repository() {}

  /** The folder that holds the launcher. */
  public static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isExecutable(folder.resolve("cocoon"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException("run the tests inside the repository");
      }
    }
    return folder;
  }
}
