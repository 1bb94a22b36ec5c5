package org.cocoon.link.evidence;

import java.util.Locale;
import java.util.Optional;

/** What a node is in the network; a policy has one list of images for each. */
public enum Role {
  /** Takes requests, chooses a worker, meters, settles. */
  ROUTER,
  /** Runs a model inside a confidential VM. */
  WORKER,
  /** Hands the keys that prompts are sealed to to attested workers, and to nobody else. */
  KEYS;

  /** Its name in policy files, claims and simulated measurements, for example "router". */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The role with this word, if there is one. */
  public static Optional<Role> ofWord(String word) {
    for (Role role : values()) {
      if (role.word().equals(word)) {
        return Optional.of(role);
      }
    }
    return Optional.empty();
  }
}
