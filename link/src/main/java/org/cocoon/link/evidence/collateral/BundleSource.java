package org.cocoon.link.evidence.collateral;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.PlatformName;

/**
 * A few files with whole collateral each, as {@link CollateralFile} reads them.
 *
 * <p>The first file that is for the family counts. Read anew at each fetch.
 */
public final class BundleSource implements CollateralOrigin {
  /** Most files that are looked at. */
  public static final int MAX_FILES = 64;

  private final List<Path> files;

  /** Uses these files, at most {@value #MAX_FILES}. */
  public BundleSource(List<Path> files) {
    if (files.isEmpty() || files.size() > MAX_FILES) {
      throw new IllegalArgumentException("there must be 1 to " + MAX_FILES + " collateral files");
    }
    this.files = List.copyOf(files);
  }

  @Override
  public Collateral fetch(PlatformName family) throws IOException {
    for (Path file : files) {
      Collateral collateral = CollateralFile.load(file);
      if (Edition.of(collateral).family().equals(family)) {
        return collateral;
      }
    }
    throw new IOException("none of " + this + " is for platform " + family);
  }

  @Override
  public String toString() {
    return files.toString();
  }
}
