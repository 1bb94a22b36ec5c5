package org.cocoon.link.evidence.eventlog;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * The ACPI table that says where firmware put the event log (ACPI 6.5, 5.2.32; Linux shows it as
 * {@code /sys/firmware/acpi/tables/CCEL}).
 *
 * @param logBytes length of the area, which Linux shows as {@code tables/data/CCEL}
 * @param logAddress where it lies in the guest's memory
 */
public record CcelTable(long logBytes, long logAddress) {
  private static final int BYTES = 56;
  private static final int TYPE_TDX = 2;

  /** Reads a table; empty if it is not the one of a TDX guest, or its sum is wrong. */
  public static Optional<CcelTable> parse(byte[] bytes) {
    if (bytes.length != BYTES) {
      return Optional.empty();
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int sum = 0;
    for (byte value : bytes) {
      sum += value;
    }
    boolean isCcel =
        new String(bytes, 0, 4, US_ASCII).equals("CCEL")
            && buffer.getInt(4) == BYTES
            && (sum & 0xff) == 0
            && bytes[36] == TYPE_TDX;
    long logBytes = buffer.getLong(40);
    return isCcel && logBytes > 0 && logBytes <= EventLog.MAX_BYTES
        ? Optional.of(new CcelTable(logBytes, buffer.getLong(48)))
        : Optional.empty();
  }
}
