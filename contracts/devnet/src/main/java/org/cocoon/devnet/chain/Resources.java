package org.cocoon.devnet.chain;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** Files that the build took out of the npm packages. */
final class Resources {
  private Resources() {}

  static byte[] bytes(String name) {
    try (InputStream in = Resources.class.getResourceAsStream("/org/cocoon/devnet/" + name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing: build the module again");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
