package org.cocoon.link.seal;

import java.util.Optional;

/** The group keys that a worker holds now. Safe for use by many threads. */
@FunctionalInterface
public interface GroupKeys {
  /** A worker without a key manager. */
  GroupKeys NONE = keyId -> Optional.empty();

  /**
   * The key of this name, if it is held.
   *
   * @param keyId as the prompt says, of any form
   */
  Optional<GroupPrivateKey> find(String keyId);
}
