package org.cocoon.link.evidence;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.HexFormat;

/**
 * The registers of a TDX quote's body: what runs in the trust domain, and how it was started.
 *
 * <p>Registers are lower-case hexadecimal so that they can neither be changed nor compared by
 * identity; bit fields are the little-endian integers that they are in Intel's documents. From the
 * "Intel TDX DCAP Quoting Library API", appendix 3.
 *
 * @param teeTcbSvn security versions of the TDX module and its parts, 16 bytes
 * @param mrSeam hash of the TDX module, 48 bytes
 * @param mrSignerSeam signer of the TDX module, 48 bytes, zero for Intel's
 * @param seamAttributes must be zero for a module of Intel's
 * @param tdAttributes bit 0 DEBUG, bit 28 SEPT_VE_DISABLE, bit 29 MIGRATABLE
 * @param xfam processor features that the domain may use
 * @param mrTd hash of the domain's first memory, 48 bytes
 * @param mrConfigId what the owner of the machine said about the configuration, 48 bytes
 * @param mrOwner who owns the domain, 48 bytes
 * @param mrOwnerConfig the owner's own configuration, 48 bytes
 * @param rtmr0 run-time register, 48 bytes
 * @param rtmr1 run-time register, 48 bytes
 * @param rtmr2 run-time register, 48 bytes
 * @param rtmr3 run-time register, 48 bytes
 * @param reportData what the domain itself chose to have signed, 64 bytes
 * @param teeTcbSvn2 security versions at present, 16 bytes; zero in a TD 1.0 body
 * @param mrServiceTd hash of bound service domains, 48 bytes; zero in a TD 1.0 body
 */
public record Measurements(
    String teeTcbSvn,
    String mrSeam,
    String mrSignerSeam,
    long seamAttributes,
    long tdAttributes,
    long xfam,
    String mrTd,
    String mrConfigId,
    String mrOwner,
    String mrOwnerConfig,
    String rtmr0,
    String rtmr1,
    String rtmr2,
    String rtmr3,
    String reportData,
    String teeTcbSvn2,
    String mrServiceTd)
    implements Registers {

  /** Length of a hash register in bytes (SHA-384). */
  static final int REGISTER_BYTES = 48;

  /** Length of the report data in bytes. */
  public static final int REPORT_DATA_BYTES = 64;

  /** Checks the length of every register. */
  public Measurements {
    requireHex(teeTcbSvn, 16, "teeTcbSvn");
    requireHex(mrSeam, REGISTER_BYTES, "mrSeam");
    requireHex(mrSignerSeam, REGISTER_BYTES, "mrSignerSeam");
    requireHex(mrTd, REGISTER_BYTES, "mrTd");
    requireHex(mrConfigId, REGISTER_BYTES, "mrConfigId");
    requireHex(mrOwner, REGISTER_BYTES, "mrOwner");
    requireHex(mrOwnerConfig, REGISTER_BYTES, "mrOwnerConfig");
    requireHex(rtmr0, REGISTER_BYTES, "rtmr0");
    requireHex(rtmr1, REGISTER_BYTES, "rtmr1");
    requireHex(rtmr2, REGISTER_BYTES, "rtmr2");
    requireHex(rtmr3, REGISTER_BYTES, "rtmr3");
    requireHex(reportData, REPORT_DATA_BYTES, "reportData");
    requireHex(teeTcbSvn2, 16, "teeTcbSvn2");
    requireHex(mrServiceTd, REGISTER_BYTES, "mrServiceTd");
  }

  /**
   * The name of what runs, as the first Cocoon network defines it: SHA-256 of mrTd, mrConfigId,
   * mrOwner, mrOwnerConfig, the four run-time registers and 64 zero bytes (where the report data
   * would be, which differs with every key).
   *
   * @return 64 lower-case hexadecimal digits
   */
  public String imageHash() {
    String registers = mrTd + mrConfigId + mrOwner + mrOwnerConfig + rtmr0 + rtmr1 + rtmr2 + rtmr3;
    byte[] hashed = HexFormat.of().parseHex(registers + "00".repeat(REPORT_DATA_BYTES));
    return Digests.sha256Hex(hashed);
  }

  /** mrConfigId as text, where it is printable ASCII padded with zeros; otherwise empty. */
  public String configText() {
    byte[] bytes = HexFormat.of().parseHex(mrConfigId);
    int length = 0;
    while (length < bytes.length && bytes[length] >= 0x20 && bytes[length] < 0x7f) {
      length++;
    }
    for (int at = length; at < bytes.length; at++) {
      if (bytes[at] != 0) {
        return "";
      }
    }
    return new String(bytes, 0, length, US_ASCII);
  }

  private static void requireHex(String value, int bytes, String name) {
    if (value.length() != 2 * bytes || !value.chars().allMatch(Measurements::isLowerHex)) {
      throw new IllegalArgumentException(
          name + " must be " + 2 * bytes + " lower-case hexadecimal digits");
    }
  }

  private static boolean isLowerHex(int character) {
    return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f');
  }
}
