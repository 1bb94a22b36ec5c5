package org.cocoon.contracts.chain;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;

/**
 * One transaction of one account, read from the cells that its hash covers.
 *
 * @param account whose
 * @param lt its logical time: within an account it only grows
 * @param hash 32 bytes; with the logical time it names the transaction
 * @param prevLt logical time of the account's transaction before; 0: this is the first
 * @param prevHash of that transaction, 32 bytes
 * @param seconds the time of its block, since 1970
 * @param in what caused it; empty where the network itself did
 * @param out what it sent, in the order in which it did
 * @param totalFees everything that the network took here, storage with it
 * @param storageFees of them
 * @param gasUsed by its code
 * @param outcome how it ended
 */
public record ChainTransaction(
    TonAddress account,
    long lt,
    byte[] hash,
    long prevLt,
    byte[] prevHash,
    long seconds,
    Optional<ChainMessage> in,
    List<ChainMessage> out,
    NanoTon totalFees,
    NanoTon storageFees,
    long gasUsed,
    Outcome outcome) {
  /** Checks the bounds and copies what can change. */
  public ChainTransaction {
    if (lt <= 0 || prevLt < 0 || prevLt >= lt || hash.length != 32 || prevHash.length != 32) {
      throw new IllegalArgumentException("no transaction has such a place in the chain");
    }
    hash = hash.clone();
    prevHash = prevHash.clone();
    out = List.copyOf(out);
  }

  /**
   * Whether its code ran, and what it changed stays. Messages may have been skipped all the same:
   * Cocoon's contracts skip only an answer that has no value left to travel with.
   */
  public boolean succeeded() {
    return outcome instanceof Outcome.Succeeded;
  }

  /** A copy, 32 bytes. */
  @Override
  public byte[] hash() {
    return hash.clone();
  }

  /** A copy, 32 bytes. */
  @Override
  public byte[] prevHash() {
    return prevHash.clone();
  }

  /** The hash as explorers show it, 64 hexadecimal digits. */
  public String hashText() {
    return HexFormat.of().formatHex(hash);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ChainTransaction that && Arrays.equals(hash, that.hash);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hash);
  }
}
