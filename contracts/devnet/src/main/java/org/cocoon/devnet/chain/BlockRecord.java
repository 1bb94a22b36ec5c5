package org.cocoon.devnet.chain;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.cell.Boc;

/**
 * A block as it stands in the log: its transactions, the accounts that they changed, and every
 * message that waits after it. So a restart needs no emulator.
 *
 * @param seqno of the block
 * @param time of the block, seconds since 1970
 * @param endLt highest logical time
 * @param transactions what ran
 * @param accounts how they are now, in base64
 * @param pending what waits
 */
record BlockRecord(
    long seqno,
    long time,
    long endLt,
    List<Ran> transactions,
    Map<Address, String> accounts,
    List<Pending> pending) {
  private static final int HASH_BYTES = 32;

  /** A transaction and its bag of cells. */
  record Ran(Address account, long lt, byte[] hash, byte[] boc) {}

  /** The record's bytes; and where in them each transaction's bag begins. */
  byte[] bytes(byte tag, List<Integer> offsets) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(tag);
      out.writeLong(seqno);
      out.writeLong(time);
      out.writeLong(endLt);
      out.writeInt(transactions.size());
      for (Ran ran : transactions) {
        write(out, ran.account());
        out.writeLong(ran.lt());
        out.write(ran.hash());
        out.writeInt(ran.boc().length);
        offsets.add(out.size());
        out.write(ran.boc());
      }
      out.writeInt(accounts.size());
      for (Map.Entry<Address, String> entry : accounts.entrySet()) {
        write(out, entry.getKey());
        writeBytes(out, Base64.getDecoder().decode(entry.getValue()));
      }
      out.writeInt(pending.size());
      for (Pending waiting : pending) {
        out.writeLong(waiting.time());
        out.writeLong(waiting.seqno());
        writeBytes(out, Boc.bytes(waiting.message()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, Address address) throws IOException {
    out.writeByte(address.workchain());
    out.write(address.hash());
  }

  private static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  /** Reads a record, after its tag. Transactions' bags are not read: they stay in the log. */
  static BlockRecord read(ByteBuffer in, long position, List<TransactionRef> refs) {
    long seqno = in.getLong();
    long time = in.getLong();
    long endLt = in.getLong();
    for (int left = in.getInt(); left > 0; left--) {
      Address account = address(in);
      long lt = in.getLong();
      String hash = HexFormat.of().formatHex(bytes(in, HASH_BYTES));
      int length = in.getInt();
      refs.add(new TransactionRef(account, lt, hash, seqno, position + in.position(), length));
      in.position(in.position() + length);
    }
    Map<Address, String> accounts = new LinkedHashMap<>();
    for (int left = in.getInt(); left > 0; left--) {
      Address account = address(in);
      accounts.put(account, Base64.getEncoder().encodeToString(bytes(in, in.getInt())));
    }
    List<Pending> pending = new ArrayList<>();
    for (int left = in.getInt(); left > 0; left--) {
      long due = in.getLong();
      long from = in.getLong();
      pending.add(new Pending(Boc.parse(bytes(in, in.getInt())), due, from));
    }
    return new BlockRecord(seqno, time, endLt, List.of(), accounts, pending);
  }

  private static Address address(ByteBuffer in) {
    return new Address(in.get(), bytes(in, HASH_BYTES));
  }

  private static byte[] bytes(ByteBuffer in, int length) {
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }
}
