package org.cocoon.client;

import java.util.ArrayList;
import java.util.List;
import org.cocoon.link.evidence.snp.GuestPolicy;
import org.cocoon.link.evidence.snp.SnpReport;

/** Every field of an SEV-SNP attestation report. */
final class SnpPage {
  private final FieldPage page;

  SnpPage(FieldPage page) {
    this.page = page;
  }

  void write(SnpReport.Parsed report) {
    page.heading("SEV-SNP attestation report, version " + report.version())
        .field("length", SnpReport.BYTES + " bytes")
        .field("guest SVN", report.guestSvn())
        .lines("guest policy", policy(report.policy()))
        .hex("family id", report.familyId(), "")
        .hex("image id", report.imageId(), "")
        .field("VMPL", report.vmpl(), "0 is the most privileged")
        .field("platform info", "0x%016x".formatted(report.platformInfo()))
        .field("signing key", report.signingKey())
        .field("author key", report.authorKeyEnabled() ? "given" : "none")
        .field("chip key masked", report.chipKeyMasked() ? "yes" : "no")
        .hex("reportData", report.reportData(), "what the guest had signed: a key's hash")
        .hex("measurement", report.measurement(), "the first memory: firmware")
        .hex("hostData", report.hostData(), hostMeaning(report.hostText()))
        .hex("id key digest", report.idKeyDigest(), "SHA-384 of who signed the guest's identity")
        .hex("author key digest", report.authorKeyDigest(), "SHA-384 of who signed that key")
        .hex("report id", report.reportId(), "of this guest")
        .hex("migration agent", report.reportIdMa(), "its report id; all ones without one")
        .hex("chip id", report.chipId(), "of the processor; zero where masked")
        .hex("image hash", report.imageHash(), "as a policy names it");
    page.heading("Security versions, bytes 0 to 7")
        .field("order", "boot loader, TEE, 4 reserved, SNP, microcode", "Milan and Genoa")
        .field("order", "FMC, boot loader, TEE, SNP, 3 reserved, microcode", "Turin")
        .field("reported", tcb(report.reportedTcb()), "what the signing key was made for")
        .field("current", tcb(report.currentTcb()))
        .field("committed", tcb(report.committedTcb()), "the platform cannot go below")
        .field("launch", tcb(report.launchTcb()), "when the guest was started")
        .field("firmware", firmware(report.current()))
        .field("committed firmware", firmware(report.committed()))
        .field("mitigations", "0x%016x".formatted(report.currentMitigations()))
        .field("at launch", "0x%016x".formatted(report.launchMitigations()));
    report
        .cpuid()
        .ifPresent(
            cpuid ->
                page.field(
                    "processor",
                    "family 0x%x, model 0x%x, stepping %d"
                        .formatted(cpuid.family(), cpuid.model(), cpuid.stepping())));
    page.heading("Signature, ECDSA over P-384: r and s, big-endian")
        .hex(
            "signature",
            report.signature(),
            "over the first " + report.signedBytes().length + " bytes");
  }

  private static List<String> policy(GuestPolicy policy) {
    List<String> lines = new ArrayList<>();
    lines.add("0x%016x".formatted(policy.bits()));
    lines.add("ABI %d.%d or newer".formatted(policy.abiMajor(), policy.abiMinor()));
    add(lines, policy.debugAllowed(), "DEBUG allowed: the host may read the memory");
    add(lines, policy.migrationAllowed(), "migration allowed");
    add(lines, policy.smtAllowed(), "SMT allowed");
    add(lines, policy.singleSocketRequired(), "one socket only");
    add(lines, policy.cxlAllowed(), "CXL memory allowed");
    add(lines, policy.aes256XtsRequired(), "AES-256-XTS required");
    add(lines, policy.raplDisabled(), "RAPL off");
    add(lines, policy.ciphertextHidingRequired(), "ciphertext hiding required");
    add(lines, policy.pageSwapDisabled(), "page swap off");
    add(lines, !policy.reservedBitsAreRight(), "reserved bits are not as they must be");
    return lines;
  }

  private static void add(List<String> lines, boolean set, String words) {
    if (set) {
      lines.add(words);
    }
  }

  private static String hostMeaning(String text) {
    return text.isEmpty() ? "what the host said at launch" : "\"" + text + "\"";
  }

  private static String tcb(long bits) {
    StringBuilder parts = new StringBuilder();
    for (int i = 0; i < Long.BYTES; i++) {
      parts.append(i == 0 ? "" : " ").append(bits >>> (8 * i) & 0xff);
    }
    return parts.toString();
  }

  private static String firmware(SnpReport.Firmware version) {
    return version.major() + "." + version.minor() + " build " + version.build();
  }
}
