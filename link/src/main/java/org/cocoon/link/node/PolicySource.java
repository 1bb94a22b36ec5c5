package org.cocoon.link.node;

import java.nio.file.Path;
import org.cocoon.link.registry.RegistryOptions;

/** Where a program's policy comes from. */
public sealed interface PolicySource {
  /** A file, read again whenever it changes. */
  record File(Path path) implements PolicySource {}

  /** The registry on the chain. */
  record Registry(RegistryOptions options) implements PolicySource {}
}
