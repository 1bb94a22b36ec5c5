package org.cocoon.router.ledger;

import io.vertx.core.Future;
import org.cocoon.contracts.NanoTon;

/** Who lends credit from balances: the database. */
interface CreditSource {
  /** Leases more of an account's balance: as much of {@code wanted} as there is. */
  Future<Lease> lease(long accountId, NanoTon wanted);

  /** As {@link #lease}, but leaves at least half of the balance to other routers. */
  Future<Lease> leaseAhead(long accountId, NanoTon wanted);

  /** Gives all of an account's leased credit back. */
  Future<Void> giveBack(long accountId);

  /**
   * What is leased now, all in all.
   *
   * @param nanos leased to this router
   * @param version of the row; a greater one is later
   * @param leftOver what the balance could still lend
   */
  record Lease(long nanos, long version, long leftOver) {}
}
