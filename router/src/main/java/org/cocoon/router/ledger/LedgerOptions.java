package org.cocoon.router.ledger;

import java.nio.file.Path;
import java.time.Duration;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.contracts.TonAddress;
import org.jspecify.annotations.Nullable;

/**
 * How a ledger works; each bound has a sensible value in {@link #of}.
 *
 * @param database where it is kept
 * @param routerId whose leases; stable over restarts, different for each router, 1 to 255
 *     characters
 * @param spool folder of the charges that the database has not applied yet; on a disk that keeps
 *     what is fsynced, and this router's alone
 * @param maxSpooled the most charges that wait there; a hold beyond is {@code Unavailable}
 * @param maxSpoolBytes the most that they take on the disk
 * @param settlement how charges settle, or null where they settle on no chain
 * @param leaseChunk credit leased at a time from one account, so that most holds ask nobody
 * @param maxOpen holds and pending charges at once; a hold beyond is {@code Unavailable}, so that a
 *     charge is never refused
 * @param maxBatch charges that become durable with one fsync
 * @param connections to the database beside the one that charges
 * @param keyTtl how long a known API key is believed, and so how long a revoked one still works
 * @param unknownKeyTtl how long an unknown API key is not looked up again
 * @param leaseIdle after how long without a request an account's lease is given back
 * @param callTimeout for each call to the database
 */
public record LedgerOptions(
    DatabaseUrl database,
    String routerId,
    Path spool,
    int maxSpooled,
    long maxSpoolBytes,
    @Nullable Settlement settlement,
    NanoTon leaseChunk,
    int maxOpen,
    int maxBatch,
    int connections,
    Duration keyTtl,
    Duration unknownKeyTtl,
    Duration leaseIdle,
    Duration callTimeout) {

  /**
   * How charges settle on a chain.
   *
   * @param networkId TON's global id, stated in receipts
   * @param contract the router's settlement contract, stated in receipts
   * @param operator who gets the fee, and the whole where no worker is to be paid
   * @param feePermille the operator's part of each cost, rounded down, 0 to 1000
   */
  public record Settlement(
      int networkId, TonAddress contract, TonAddress operator, int feePermille) {
    /** The operator's usual part: a twentieth. */
    public static final int USUAL_FEE_PERMILLE = 50;

    /** Checks the bounds; throws IllegalArgumentException that names the wrong part. */
    public Settlement {
      check("networkId", networkId != ReceiptTerms.NO_NETWORK, "a network's id, not 0");
      check("feePermille", feePermille >= 0 && feePermille <= PERMILLE, "0 to 1000");
    }

    /** What the operator keeps of a cost. */
    NanoTon fee(NanoTon cost) {
      long thousands = cost.nanos() / PERMILLE; // apart, so that no product overflows
      return new NanoTon(
          thousands * feePermille + cost.nanos() % PERMILLE * feePermille / PERMILLE);
    }
  }

  private static final int PERMILLE = 1_000;

  /** Checks the bounds; throws IllegalArgumentException that names the wrong part. */
  public LedgerOptions {
    check(
        "routerId",
        !routerId.isEmpty()
            && routerId.length() <= 255
            && routerId.chars().noneMatch(Character::isISOControl),
        "1 to 255 characters, none of control");
    check("maxSpooled", maxSpooled > 0, "at least 1");
    check("maxSpoolBytes", maxSpoolBytes >= 2L * SpoolLog.SEGMENT_BYTES, "at least 64 MiB");
    check("leaseChunk", leaseChunk.nanos() > 0, "more than nothing");
    check("maxOpen", maxOpen > 0, "at least 1");
    check("maxBatch", maxBatch > 0 && maxBatch <= Receipt.MAX_BATCH, "1 to 8192");
    check("connections", connections > 0 && connections <= 100, "1 to 100");
    check("keyTtl", keyTtl.isPositive(), "longer than nothing");
    check("unknownKeyTtl", unknownKeyTtl.isPositive(), "longer than nothing");
    check("leaseIdle", leaseIdle.isPositive(), "longer than nothing");
    check("callTimeout", callTimeout.isPositive(), "longer than nothing");
  }

  /** The usual values: 0.1 TON leased at a time, 65,536 open, 1,000,000 and 1 GiB in the spool. */
  public static LedgerOptions of(DatabaseUrl database, String routerId, Path spool) {
    return new LedgerOptions(
        database,
        routerId,
        spool,
        1_000_000,
        1L << 30,
        null,
        new NanoTon(NanoTon.PER_TON / 10),
        65_536,
        4_096,
        4,
        Duration.ofSeconds(30),
        Duration.ofSeconds(5),
        Duration.ofSeconds(60),
        Duration.ofSeconds(10));
  }

  /** The same with settlement on a chain, or without. */
  public LedgerOptions withSettlement(@Nullable Settlement settlement) {
    return new LedgerOptions(
        database,
        routerId,
        spool,
        maxSpooled,
        maxSpoolBytes,
        settlement,
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
        spool,
        maxSpooled,
        maxSpoolBytes,
        settlement,
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
        spool,
        maxSpooled,
        maxSpoolBytes,
        settlement,
        leaseChunk,
        maxOpen,
        maxBatch,
        connections,
        keyTtl,
        unknownKeyTtl,
        leaseIdle,
        callTimeout);
  }

  /** The same with other bounds on the spool. */
  public LedgerOptions withSpoolBounds(int maxSpooled, long maxSpoolBytes) {
    return new LedgerOptions(
        database,
        routerId,
        spool,
        maxSpooled,
        maxSpoolBytes,
        settlement,
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
        spool,
        maxSpooled,
        maxSpoolBytes,
        settlement,
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
