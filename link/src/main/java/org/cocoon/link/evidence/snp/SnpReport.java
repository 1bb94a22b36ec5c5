package org.cocoon.link.evidence.snp;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.HexFormat;
import java.util.Optional;
import org.cocoon.link.evidence.Digests;

/**
 * An SEV-SNP attestation report of version 2 to 5, or why some bytes are none.
 *
 * <p>Parsing checks the form only: length, constants, what must be zero. Whether to believe what it
 * says is up to {@link SnpVerifier}. 56860, table "ATTESTATION_REPORT Structure".
 */
public sealed interface SnpReport {

  /** Length of every report in bytes. */
  int BYTES = 1184;

  /** Length of the report data in bytes. */
  int REPORT_DATA_BYTES = 64;

  /**
   * Well-formed.
   *
   * <p>Hashes and identifiers are lower-case hexadecimal; bit fields are the little-endian integers
   * that they are in the specification. The arrays are this value's own and must not be changed.
   *
   * @param version 2 to 5
   * @param guestSvn the guest's own security version, unsigned
   * @param policy what the platform may do with the guest
   * @param familyId chosen by the guest's owner, 16 bytes
   * @param imageId chosen by the guest's owner, 16 bytes
   * @param vmpl privilege level that asked, unsigned: 0 is the most privileged
   * @param currentTcb raw bits, see {@link TcbVersion}
   * @param platformInfo bit 0 SMT, 1 TSME, 2 ECC, 3 RAPL off, 4 ciphertext hiding, 5 alias check
   *     complete, 7 trusted I/O
   * @param authorKeyEnabled whether authorKeyDigest holds something
   * @param chipKeyMasked whether the host hid chip and signing key
   * @param signingKey what signed the report
   * @param reportData what the guest itself chose to have signed, 64 bytes
   * @param measurement hash of the guest's first memory, 48 bytes
   * @param hostData what the host said at launch, 32 bytes
   * @param idKeyDigest SHA-384 of the key that signed the guest's identity block, or zeros
   * @param authorKeyDigest SHA-384 of the key that signed that key, or zeros
   * @param reportId of this guest, 32 bytes
   * @param reportIdMa of its migration agent, 32 bytes; all ones without one
   * @param reportedTcb raw bits: the version that the signing key was made for
   * @param cpuid the processor, from version 3 on
   * @param chipId of the processor, 64 bytes; zero where masked
   * @param committedTcb raw bits: the version below which the platform cannot go back
   * @param current the firmware that runs
   * @param committed the firmware below which the platform cannot go back
   * @param launchTcb raw bits: the version when the guest was started
   * @param launchMitigations vulnerabilities mitigated at launch, from version 5 on; else 0
   * @param currentMitigations vulnerabilities mitigated now, from version 5 on; else 0
   * @param signedBytes what the signature covers
   * @param signature ECDSA P-384 r and s, big-endian, 96 bytes
   */
  record Parsed(
      int version,
      long guestSvn,
      GuestPolicy policy,
      String familyId,
      String imageId,
      long vmpl,
      long currentTcb,
      long platformInfo,
      boolean authorKeyEnabled,
      boolean chipKeyMasked,
      SigningKey signingKey,
      String reportData,
      String measurement,
      String hostData,
      String idKeyDigest,
      String authorKeyDigest,
      String reportId,
      String reportIdMa,
      long reportedTcb,
      Optional<Cpuid> cpuid,
      String chipId,
      long committedTcb,
      Firmware current,
      Firmware committed,
      long launchTcb,
      long launchMitigations,
      long currentMitigations,
      byte[] signedBytes,
      byte[] signature)
      implements SnpReport {

    /**
     * The name of what runs, as a policy lists it: SHA-256 of measurement (48 bytes), host data
     * (32), guest policy (8, little-endian as in the report) and identity key digest (48).
     *
     * <p>The host data tells what the host says of the configuration, such as the node's role, as
     * mrConfigId does for TDX.
     *
     * @return 64 lower-case hexadecimal digits
     */
    public String imageHash() {
      HexFormat hex = HexFormat.of();
      String policyBytes = hex.toHexDigits(Long.reverseBytes(policy.bits()));
      return Digests.sha256Hex(hex.parseHex(measurement + hostData + policyBytes + idKeyDigest));
    }

    /** The host data as text, where it is printable ASCII padded with zeros; otherwise empty. */
    public String hostText() {
      String text = new String(HexFormat.of().parseHex(hostData), US_ASCII);
      String printable = text.replaceFirst("\0*$", "");
      return printable.chars().allMatch(c -> c >= 0x20 && c < 0x7f) ? printable : "";
    }
  }

  /**
   * Not a report that can be checked.
   *
   * @param reason names the field and what is wrong with it
   */
  record Malformed(String reason) implements SnpReport {}

  /** The processor's signature (CPUID leaf 1): combined family and model, stepping. */
  record Cpuid(int family, int model, int stepping) {}

  /** A version of the SNP firmware. */
  record Firmware(int major, int minor, int build) {}

  /** What signs reports. */
  enum SigningKey {
    /** The versioned chip endorsement key: this chip's. */
    VCEK,
    /** The versioned loaded endorsement key: a cloud provider's. */
    VLEK
  }

  /** Reads a report; never throws for any content. */
  static SnpReport parse(byte[] bytes) {
    return SnpReportParser.parse(bytes);
  }
}
