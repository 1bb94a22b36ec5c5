package org.cocoon.link.registry;

import java.io.IOException;

/** Somebody who can be asked what the registry says. */
interface RegistryEndpoint extends AutoCloseable {
  /** Its name in logs and status. */
  String name();

  /**
   * Asks; blocks, for a bounded time.
   *
   * @throws IOException a sentence that names the endpoint, where it does not answer or its answer
   *     is not the state of a registry
   */
  RegistryState read() throws IOException;

  @Override
  void close();
}
