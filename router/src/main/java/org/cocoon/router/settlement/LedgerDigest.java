package org.cocoon.router.settlement;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The digest of the ledger that an epoch commits to: SHA-256 over a listing that anybody with the
 * books can make again.
 *
 * <pre>
 *   "cocoon-ledger--1"                                     16 bytes
 *   of each account, by ascending id:
 *     'A'  id 8  credited 8  used 8  withdrawn 8           credited - used - withdrawn = balance
 *   of each payee, by ascending index:
 *     'P'  index 4  address 32  earned 8
 * </pre>
 *
 * <p>Integers are big-endian, amounts nanoTON. One thread.
 */
final class LedgerDigest {
  private final MessageDigest sha256;
  private final ByteBuffer account = ByteBuffer.allocate(1 + 4 * Long.BYTES);
  private final ByteBuffer payee = ByteBuffer.allocate(1 + Integer.BYTES + 32 + Long.BYTES);

  LedgerDigest() {
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    sha256.update("cocoon-ledger--1".getBytes(StandardCharsets.US_ASCII));
  }

  void account(long id, long credited, long used, long withdrawn) {
    account.clear();
    account.put((byte) 'A').putLong(id).putLong(credited).putLong(used).putLong(withdrawn);
    sha256.update(account.array());
  }

  void payee(int index, byte[] address, long earned) {
    payee.clear();
    payee.put((byte) 'P').putInt(index).put(address).putLong(earned);
    sha256.update(payee.array());
  }

  /** 32 bytes; it begins anew after this. */
  byte[] end() {
    return sha256.digest();
  }
}
