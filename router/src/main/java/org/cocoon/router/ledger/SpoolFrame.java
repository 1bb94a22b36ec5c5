package org.cocoon.router.ledger;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptBatch;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.contracts.TonAddress;
import org.cocoon.router.ledger.LedgerOptions.Settlement;
import org.jspecify.annotations.Nullable;

/**
 * Charges that became durable together, with the signature over their receipts: what the spool is
 * made of.
 *
 * <pre>
 *   offset  bytes  what, all integers big-endian
 *        0      4  "CSP1"
 *        4      4  length of all that follows offset 20
 *        8      8  position of this frame in its spool: a stray one is not taken for its own
 *       16      4  CRC-32C of bytes 4 to 15 and of all that follows offset 20
 *       20      4  count of charges, 1 to 8192
 *       24      4  network id
 *       28     32  settlement contract, all zero: none
 *       60     32  the router's key
 *       92     64  signature of the root
 *      156   32xn  leaves
 *            n     charges, see {@link SpooledCharge}
 * </pre>
 *
 * @param networkId stated in the receipts
 * @param contract stated in the receipts
 * @param receipts leaves and signature
 * @param charges in the order of the leaves
 */
record SpoolFrame(
    int networkId,
    @Nullable TonAddress contract,
    ReceiptBatch receipts,
    List<SpooledCharge> charges) {

  static final int HEADER_BYTES = 20;

  /** What one charge takes at most, with a frame of its own. */
  static final int MAX_CHARGE_BYTES = 2_048;

  static final int MAX_BYTES = Receipt.MAX_BATCH * MAX_CHARGE_BYTES;

  private static final int MAGIC = 0x43535031;
  private static final int FIXED_BYTES = 4 + 4 + 32 + 32 + 64;
  private static final int HASH_BYTES = 32;
  private static final int KEY_BYTES = 32;
  private static final int SIGNATURE_BYTES = 64;

  /** Signs charges: the CPU work of charging, and not for an event loop. */
  static SpoolFrame sign(
      ReceiptKey key, @Nullable Settlement settlement, List<PendingCharge> pending) {
    int networkId = settlement == null ? ReceiptTerms.NO_NETWORK : settlement.networkId();
    TonAddress contract = settlement == null ? null : settlement.contract();
    List<SpooledCharge> charges =
        pending.stream().map(charge -> SpooledCharge.of(charge, settlement)).toList();
    ReceiptBatch batch = ReceiptBatch.sign(key, terms(networkId, contract, charges));
    return new SpoolFrame(networkId, contract, batch, charges);
  }

  /** The receipt of each charge, in order. */
  List<Receipt> all() {
    return receipts.receipts(terms(networkId, contract, charges));
  }

  /** The receipt of one charge. */
  Receipt receipt(int index) {
    return receipts.receipt(index, charges.get(index).terms(networkId, contract));
  }

  private static List<ReceiptTerms> terms(
      int networkId, @Nullable TonAddress contract, List<SpooledCharge> charges) {
    return charges.stream().map(charge -> charge.terms(networkId, contract)).toList();
  }

  /** The bytes of the frame at a position of its spool, ready to be written. */
  ByteBuffer encode(long position) {
    int most = HEADER_BYTES + FIXED_BYTES + charges.size() * HASH_BYTES;
    for (SpooledCharge charge : charges) {
      most += charge.maxBytes();
    }
    ByteBuffer out = ByteBuffer.allocate(most);
    out.position(HEADER_BYTES);
    out.putInt(charges.size()).putInt(networkId);
    out.put(contract == null ? new byte[HASH_BYTES] : contract.hash());
    out.put(receipts.routerKey()).put(receipts.signature()).put(receipts.leaves());
    for (SpooledCharge charge : charges) {
      charge.write(out);
    }
    int end = out.position();
    out.putInt(0, MAGIC).putInt(4, end - HEADER_BYTES).putLong(8, position);
    out.flip();
    return out.putInt(16, crc(out));
  }

  /**
   * How long the frame is whose header this is, with the header.
   *
   * @param position where it was read
   * @return 0 if it is no header of a frame of this position
   */
  static int length(ByteBuffer header, long position) {
    int body = header.getInt(4);
    boolean right =
        header.getInt(0) == MAGIC
            && header.getLong(8) == position
            && body > FIXED_BYTES
            && body <= MAX_BYTES - HEADER_BYTES;
    return right ? HEADER_BYTES + body : 0;
  }

  /** Whether a frame of the right {@link #length} is what was written. */
  static boolean isWhole(ByteBuffer frame) {
    return frame.getInt(16) == crc(frame);
  }

  /**
   * Reads a whole frame.
   *
   * @throws IllegalArgumentException if it makes no sense although its checksum is right
   */
  static SpoolFrame decode(ByteBuffer frame) {
    ByteBuffer in = frame.duplicate().position(HEADER_BYTES);
    int count = in.getInt();
    if (count < 1 || count > Receipt.MAX_BATCH || in.remaining() < count * HASH_BYTES) {
      throw new IllegalArgumentException("a frame of " + count + " charges");
    }
    int networkId = in.getInt();
    byte[] contract = bytes(in, HASH_BYTES);
    byte[] key = bytes(in, KEY_BYTES);
    byte[] signature = bytes(in, SIGNATURE_BYTES);
    byte[] leaves = bytes(in, count * HASH_BYTES);
    List<SpooledCharge> charges = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      charges.add(SpooledCharge.read(in));
    }
    return new SpoolFrame(
        networkId,
        networkId == ReceiptTerms.NO_NETWORK ? null : new TonAddress(contract),
        new ReceiptBatch(key, leaves, signature),
        List.copyOf(charges));
  }

  private static byte[] bytes(ByteBuffer in, int length) {
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  private static int crc(ByteBuffer frame) {
    CRC32C crc = new CRC32C();
    crc.update(frame.slice(4, 12));
    crc.update(frame.slice(HEADER_BYTES, frame.limit() - HEADER_BYTES));
    return (int) crc.getValue();
  }
}
