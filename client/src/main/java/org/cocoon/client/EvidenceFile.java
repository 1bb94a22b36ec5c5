package org.cocoon.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads files of evidence, which may be anything, without holding more than was asked for. */
final class EvidenceFile {
  private static final String STDIN = "-";

  private EvidenceFile() {}

  /**
   * The first bytes of a file, or of the standard input where it is called "-".
   *
   * @return at most one byte more than the limit, which says that there are more
   * @throws IOException a sentence that names the file
   */
  static byte[] read(String file, Terminal terminal, int limit) throws IOException {
    if (file.equals(STDIN)) {
      return terminal.in().readNBytes(limit + 1);
    }
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      return in.readNBytes(limit + 1);
    } catch (NoSuchFileException e) {
      throw new IOException("there is no file " + file, e);
    } catch (IOException | InvalidPathException e) {
      throw new IOException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }
}
