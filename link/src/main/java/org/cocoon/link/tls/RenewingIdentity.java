package org.cocoon.link.tls;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmException;
import org.cocoon.link.evidence.TsmReports;

/**
 * A node's identity for as long as the node runs: a new key and quote after half a day, so that
 * none is presented near its end.
 *
 * <p>Nothing runs in the background: the first handshake that finds the identity old renews it, on
 * its worker thread, while others go on with the old one. If the TEE fails, the old one is kept and
 * the next try is a minute later. Safe for use by many threads.
 */
public final class RenewingIdentity implements Supplier<LinkIdentity> {
  private static final Duration RENEW_AFTER = Duration.ofHours(12);
  private static final Duration RETRY_AFTER = Duration.ofMinutes(1);

  private final Role role;
  private final TsmReports reports;
  private final InstantSource clock;
  private final Consumer<TsmException> failures;
  private final ReentrantLock renewal = new ReentrantLock();
  private volatile LinkIdentity current;
  private volatile Instant renewAt;

  /**
   * Makes the first identity; blocks for as long as the TEE takes.
   *
   * @param failures told of each renewal that failed, on the handshake's thread
   * @throws TsmException if there is no TEE, or what it gave is no quote
   */
  public RenewingIdentity(
      Role role, TsmReports reports, InstantSource clock, Consumer<TsmException> failures)
      throws TsmException {
    this.role = role;
    this.reports = reports;
    this.clock = clock;
    this.failures = failures;
    this.renewAt = clock.instant().plus(RENEW_AFTER);
    this.current = LinkIdentity.create(role, reports, clock);
  }

  /** The identity that was presented last; never blocks. */
  public LinkIdentity current() {
    return current;
  }

  /** The identity to present now; blocks for as long as the TEE takes if it is time for another. */
  @Override
  public LinkIdentity get() {
    if (clock.instant().isBefore(renewAt) || !renewal.tryLock()) {
      return current;
    }
    try {
      Instant now = clock.instant();
      if (!now.isBefore(renewAt)) {
        renewAt = now.plus(RETRY_AFTER);
        current = LinkIdentity.create(role, reports, clock);
        renewAt = now.plus(RENEW_AFTER);
      }
    } catch (TsmException e) {
      failures.accept(e);
    } finally {
      renewal.unlock();
    }
    return current;
  }
}
