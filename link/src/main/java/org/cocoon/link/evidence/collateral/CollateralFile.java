package org.cocoon.link.evidence.collateral;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.json.JsonException;

/** Collateral in one file, in its JSON form. */
public final class CollateralFile {
  private CollateralFile() {}

  /**
   * Reads a file of at most {@link Collateral#MAX_BYTES}.
   *
   * @throws IOException a sentence that names the file and what is wrong with it
   */
  public static Collateral load(Path file) throws IOException {
    byte[] bytes = readBounded(file, Collateral.MAX_BYTES);
    try {
      return Collateral.parse(bytes);
    } catch (JsonException e) {
      throw new IOException(file + ": " + e.reason(), e);
    }
  }

  /** Writes a file in one step: a reader sees the old one or the new one. */
  static void write(Collateral collateral, Path file) throws IOException {
    Path whole = file.resolveSibling(file.getFileName() + ".new");
    Files.write(whole, collateral.toJson());
    Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** All bytes of a file that may grow while it is read. */
  static byte[] readBounded(Path file, int maxBytes) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(maxBytes + 1);
      if (bytes.length > maxBytes) {
        throw new IOException(file + ": has more than " + maxBytes + " bytes");
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw new IOException(file + ": there is no such file", e);
    }
  }
}
