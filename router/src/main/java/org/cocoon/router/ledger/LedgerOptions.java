package org.cocoon.router.ledger;

import java.time.Duration;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptTerms;

/**
 * How a ledger works; each bound has a sensible value in {@link #of}.
 *
 * @param database where it is kept
 * @param routerId whose leases; stable over restarts, different for each router, 1 to 255
 *     characters
 * @param networkId TON's global id, stated in receipts, or {@link ReceiptTerms#NO_NETWORK}
 * @param leaseChunk credit leased at a time from one account, so that most holds ask nobody
 * @param maxOpen holds and pending charges at once; a hold beyond is {@code Unavailable}, so that a
 *     charge is never refused
 * @param maxBatch charges in one transaction
 * @param connections to the database beside the one that charges
 * @param keyTtl how long a known API key is believed, and so how long a revoked one still works
 * @param unknownKeyTtl how long an unknown API key is not looked up again
 * @param leaseIdle after how long without a request an account's lease is given back
 * @param callTimeout for each call to the database
 */
public record LedgerOptions(
    DatabaseUrl database,
    String routerId,
    int networkId,
    NanoTon leaseChunk,
    int maxOpen,
    int maxBatch,
    int connections,
    Duration keyTtl,
    Duration unknownKeyTtl,
    Duration leaseIdle,
    Duration callTimeout) {

  /** Checks the bounds; throws IllegalArgumentException that names the wrong part. */
  public LedgerOptions {
    check("routerId", !routerId.isEmpty() && routerId.length() <= 255, "1 to 255 characters");
    check("leaseChunk", leaseChunk.nanos() > 0, "more than nothing");
    check("maxOpen", maxOpen > 0, "at least 1");
    check("maxBatch", maxBatch > 0 && maxBatch <= 10_000, "1 to 10000");
    check("connections", connections > 0 && connections <= 100, "1 to 100");
    check("keyTtl", keyTtl.isPositive(), "longer than nothing");
    check("unknownKeyTtl", unknownKeyTtl.isPositive(), "longer than nothing");
    check("leaseIdle", leaseIdle.isPositive(), "longer than nothing");
    check("callTimeout", callTimeout.isPositive(), "longer than nothing");
  }

  /** The usual values: 0.1 TON leased at a time, 65,536 open, 1,024 charges in a batch. */
  public static LedgerOptions of(DatabaseUrl database, String routerId) {
    return new LedgerOptions(
        database,
        routerId,
        ReceiptTerms.NO_NETWORK,
        new NanoTon(NanoTon.PER_TON / 10),
        65_536,
        1_024,
        4,
        Duration.ofSeconds(30),
        Duration.ofSeconds(5),
        Duration.ofSeconds(60),
        Duration.ofSeconds(10));
  }

  /** The same with another network. */
  public LedgerOptions withNetworkId(int networkId) {
    return new LedgerOptions(
        database,
        routerId,
        networkId,
        leaseChunk,
        maxOpen,
        maxBatch,
        connections,
        keyTtl,
        unknownKeyTtl,
        leaseIdle,
        callTimeout);
  }

  /** The same with another chunk of credit. */
  public LedgerOptions withLeaseChunk(NanoTon leaseChunk) {
    return new LedgerOptions(
        database,
        routerId,
        networkId,
        leaseChunk,
        maxOpen,
        maxBatch,
        connections,
        keyTtl,
        unknownKeyTtl,
        leaseIdle,
        callTimeout);
  }

  /** The same with another bound on holds and pending charges. */
  public LedgerOptions withMaxOpen(int maxOpen) {
    return new LedgerOptions(
        database,
        routerId,
        networkId,
        leaseChunk,
        maxOpen,
        maxBatch,
        connections,
        keyTtl,
        unknownKeyTtl,
        leaseIdle,
        callTimeout);
  }

  /** The same with another bound on a batch. */
  public LedgerOptions withMaxBatch(int maxBatch) {
    return new LedgerOptions(
        database,
        routerId,
        networkId,
        leaseChunk,
        maxOpen,
        maxBatch,
        connections,
        keyTtl,
        unknownKeyTtl,
        leaseIdle,
        callTimeout);
  }

  private static void check(String name, boolean right, String whatIsRight) {
    if (!right) {
      throw new IllegalArgumentException(name + ": " + whatIsRight);
    }
  }
}
