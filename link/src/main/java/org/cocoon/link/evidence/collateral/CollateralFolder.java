package org.cocoon.link.evidence.collateral;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.cocoon.link.evidence.Collateral;

/**
 * Where a node keeps its collateral over a restart: one file for each family. Each node has its
 * own.
 */
final class CollateralFolder {
  private final Path folder;

  CollateralFolder(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
  }

  /** What can be read, at most so many; tells of each file that cannot. */
  List<Held> load(int most, Consumer<String> problems) throws IOException {
    List<Held> all = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.json")) {
      for (Path file : files) {
        if (all.size() == most) {
          break;
        }
        try {
          Collateral collateral = CollateralFile.load(file);
          all.add(new Held(collateral, Edition.of(collateral)));
        } catch (IOException e) {
          problems.accept("passed over: " + e.getMessage());
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return all;
  }

  void save(Held held) throws IOException {
    CollateralFile.write(held.collateral(), folder.resolve(held.edition().family() + ".json"));
  }
}
