package org.cocoon.devnet.chain;

import java.util.HexFormat;
import org.cocoon.devnet.cell.Address;

/**
 * Where a transaction stands in the log.
 *
 * @param account whose it is
 * @param lt logical time
 * @param hash 32 bytes, hexadecimal
 * @param seqno of its block
 * @param position of its bag of cells in the log, in bytes
 * @param length of that bag, in bytes
 */
public record TransactionRef(
    Address account, long lt, String hash, long seqno, long position, int length) {
  /** The hash's bytes. */
  public byte[] hashBytes() {
    return HexFormat.of().parseHex(hash);
  }
}
