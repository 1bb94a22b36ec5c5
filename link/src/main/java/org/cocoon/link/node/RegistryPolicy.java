package org.cocoon.link.node;

import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.registry.RegistryFeed;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PolicyFeed;
import org.cocoon.link.tls.PolicyWatch;

/**
 * The policy of a registry's document. The registry is followed elsewhere; a poll takes over what
 * is in force there, so that a listener hears of it where it hears of a file.
 */
public final class RegistryPolicy implements PolicyFeed {
  /** The reason of refusals where the chain has been away for too long. */
  static final String STALE = "REGISTRY_STALE";

  private final RegistryFeed registry;
  private final PolicyWatch.Listener listener;
  private final ReentrantLock polling = new ReentrantLock();
  private volatile Policy current;

  /**
   * Takes what is in force now; does not ask the chain.
   *
   * @param registry stays the caller's to close
   */
  public RegistryPolicy(RegistryFeed registry, PolicyWatch.Listener listener) {
    this.registry = registry;
    this.listener = listener;
    this.current = registry.current().policy();
  }

  @Override
  public Policy current() {
    return current;
  }

  @Override
  public void poll() {
    if (!polling.tryLock()) {
      return;
    }
    try {
      Policy now = registry.current().policy();
      if (!Arrays.equals(now.digest(), current.digest())) {
        current = now;
        listener.changed(now);
      }
    } finally {
      polling.unlock();
    }
  }

  @Override
  public Optional<PeerVerdict.Refused> closed() {
    return registry.stale()
        ? Optional.of(
            new PeerVerdict.Refused(
                STALE,
                "the registry was last confirmed at %s, which is too long ago"
                    .formatted(registry.standing().confirmedAt())))
        : Optional.empty();
  }

  @Override
  public void close() {
    // The registry is its owner's to close.
  }
}
