package org.cocoon.link.evidence.simulated;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/** The quoting enclave that a simulated platform reports; none of Intel's has this signer. */
final class SimulatedEnclave {
  static final String MR_SIGNER = "c0c0".repeat(16);
  static final String ATTRIBUTES = "11000000000000000000000000000000";
  static final int ISV_PROD_ID = 2;
  static final int ISV_SVN = 4;

  private static final int REPORT_BYTES = 384;
  private static final int ATTRIBUTES_AT = 48;
  private static final int MR_SIGNER_AT = 128;
  private static final int ISV_PROD_ID_AT = 256;
  private static final int REPORT_DATA_AT = 320;

  private SimulatedEnclave() {}

  /** Its report over some data, at most 64 bytes. */
  static byte[] report(byte[] reportData) {
    return ByteBuffer.allocate(REPORT_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(ATTRIBUTES_AT, HexFormat.of().parseHex(ATTRIBUTES))
        .put(MR_SIGNER_AT, HexFormat.of().parseHex(MR_SIGNER))
        .putShort(ISV_PROD_ID_AT, (short) ISV_PROD_ID)
        .putShort(ISV_PROD_ID_AT + Short.BYTES, (short) ISV_SVN)
        .put(REPORT_DATA_AT, reportData)
        .array();
  }
}
