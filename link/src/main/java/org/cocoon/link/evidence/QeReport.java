package org.cocoon.link.evidence;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * The fields of a quoting enclave's SGX report that are looked at; 384 bytes, little-endian. Intel
 * "Software Developer's Manual", volume 3D, 38.15.
 *
 * @param miscSelect 4 bytes
 * @param attributes 16 bytes
 * @param mrSigner who signed the enclave, 64 lower-case hexadecimal digits
 * @param isvProdId which of the signer's enclaves it is
 * @param isvSvn its security version
 * @param reportData 64 bytes
 */
record QeReport(
    byte[] miscSelect,
    byte[] attributes,
    String mrSigner,
    int isvProdId,
    int isvSvn,
    byte[] reportData) {
  private static final int MISC_SELECT_AT = 16;
  private static final int ATTRIBUTES_AT = 48;
  private static final int MR_SIGNER_AT = 128;
  private static final int ISV_PROD_ID_AT = 256;
  private static final int ISV_SVN_AT = 258;
  private static final int REPORT_DATA_AT = 320;
  private static final int DEBUG = 0x02;

  static QeReport of(byte[] report) {
    ByteBuffer buffer = ByteBuffer.wrap(report).order(ByteOrder.LITTLE_ENDIAN);
    return new QeReport(
        Arrays.copyOfRange(report, MISC_SELECT_AT, MISC_SELECT_AT + QeIdentity.MISC_SELECT_BYTES),
        Arrays.copyOfRange(report, ATTRIBUTES_AT, ATTRIBUTES_AT + QeIdentity.ATTRIBUTES_BYTES),
        HexFormat.of().formatHex(report, MR_SIGNER_AT, MR_SIGNER_AT + QeIdentity.MR_SIGNER_BYTES),
        Short.toUnsignedInt(buffer.getShort(ISV_PROD_ID_AT)),
        Short.toUnsignedInt(buffer.getShort(ISV_SVN_AT)),
        Arrays.copyOfRange(report, REPORT_DATA_AT, TdxQuoteParser.QE_REPORT_BYTES));
  }

  /** Whether its memory could be read, and with it the keys that vouch for quotes. */
  boolean isDebug() {
    return (attributes[0] & DEBUG) != 0;
  }
}
