package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.P384;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TeeEvidence;
import org.cocoon.link.evidence.snp.CertificateTable;
import org.cocoon.link.evidence.snp.CertificateTable.Entry;
import org.cocoon.link.evidence.snp.SnpReport;

/**
 * What a machine with SEV-SNP has: a chip's endorsement key, and the certificates above it.
 *
 * <p>Every start is a new chip of the line Genoa; only the root outlives it. The measurement is
 * what is mrTd under TDX, and the host data is the role's name.
 */
final class SimulatedSnpPlatform {
  private static final int BOOT_LOADER = 9;
  private static final int TEE = 0;
  private static final int SNP = 25;
  private static final int MICROCODE = 84;

  /** What a policy must ask at most of a simulated platform. */
  static final Policy.Snp MINIMUM =
      new Policy.Snp(
          new TreeMap<>(
              Map.of(
                  "Genoa",
                  new TreeMap<>(
                      Map.of(
                          "bootloader",
                          BOOT_LOADER,
                          "tee",
                          TEE,
                          "snp",
                          SNP,
                          "microcode",
                          MICROCODE)))));

  private static final String OID = "1.3.6.1.4.1.3704.1.";
  private static final String PRODUCT = "Genoa";
  private static final long TCB =
      (long) MICROCODE << 56 | (long) SNP << 48 | TEE << 8 | BOOT_LOADER;

  /** Multithreading is allowed; bit 17 is always one. */
  private static final long GUEST_POLICY = 0x30000;

  private static final byte[] CPUID = {0x19, 0x11, 1};
  private static final byte[] FIRMWARE = {7, 55, 1, 0};
  private static final int CHIP_ID_BYTES = 64;
  private static final int IA5_STRING = 0x16;
  private static final int SIGNATURE_AT = 0x2a0;
  private static final int SCALAR_FIELD_BYTES = 72;
  private static final Duration VALIDITY = Duration.ofDays(365);
  private static final Duration BACKDATED = Duration.ofHours(1);

  private final PrivateKey key;
  private final BigInteger serial;
  private final byte[] chipId;
  private final byte[] table;

  /** Makes one under a root, whose certificates are valid from an hour before now, for a year. */
  SimulatedSnpPlatform(SimulatedSnpRoot root, Instant now) {
    KeyPair chip = P384.newKeyPair();
    KeyPair signer = P384.newKeyPair();
    Instant from = now.minus(BACKDATED);
    String signerName = "SEV-" + PRODUCT + " SIMULATED";
    key = chip.getPrivate();
    serial = P384Authority.serial(chip.getPublic());
    chipId = Digests.of("SHA-512").digest(chip.getPublic().getEncoded());
    byte[] signerCertificate =
        P384Authority.issue(
            signerName,
            signer.getPublic(),
            SimulatedSnpRoot.NAME,
            root.key(),
            from,
            VALIDITY,
            P384Authority.ca(0));
    byte[] chipCertificate =
        P384Authority.issue(
            "SEV-VCEK SIMULATED",
            chip.getPublic(),
            signerName,
            signer.getPrivate(),
            from,
            VALIDITY,
            extensions(chipId));
    table =
        CertificateTable.of(
                Map.of(
                    Entry.VCEK, chipCertificate,
                    Entry.ASK, signerCertificate,
                    Entry.ARK, root.certificate()))
            .toBytes();
  }

  /** The serial number of the chip's certificate. */
  BigInteger serial() {
    return serial;
  }

  /** A report on an image in a role, with the table of certificates beside it. */
  TeeEvidence.Snp evidence(ImageMeasurement image, Role role, byte[] reportData) {
    byte[] report = unsigned(image, role, reportData, chipId);
    byte[] signature = P384.sign(key, Arrays.copyOf(report, SIGNATURE_AT));
    for (int i = 0; i < P384.SCALAR_BYTES; i++) {
      report[SIGNATURE_AT + i] = signature[P384.SCALAR_BYTES - 1 - i];
      report[SIGNATURE_AT + SCALAR_FIELD_BYTES + i] = signature[P384.SIGNATURE_BYTES - 1 - i];
    }
    return new TeeEvidence.Snp(report, table);
  }

  /** The name of an image in a role on every such platform, as a policy lists it. */
  static String imageHash(ImageMeasurement image, Role role) {
    byte[] report =
        unsigned(image, role, new byte[SnpReport.REPORT_DATA_BYTES], new byte[CHIP_ID_BYTES]);
    return switch (SnpReport.parse(report)) {
      case SnpReport.Parsed parsed -> parsed.imageHash();
      case SnpReport.Malformed malformed -> throw new IllegalStateException(malformed.reason());
    };
  }

  /** Version 3; 56860, table "ATTESTATION_REPORT Structure". */
  private static byte[] unsigned(
      ImageMeasurement image, Role role, byte[] reportData, byte[] chipId) {
    byte[] noAgent = new byte[32];
    Arrays.fill(noAgent, (byte) 0xff);
    return ByteBuffer.allocate(SnpReport.BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(0, 3)
        .putLong(0x08, GUEST_POLICY)
        .putInt(0x34, 1)
        .putLong(0x38, TCB)
        .putLong(0x40, 0x21)
        .put(0x50, reportData)
        .put(0x90, HexFormat.of().parseHex(image.mrTd()))
        .put(0xc0, role.word().getBytes(US_ASCII))
        .put(0x160, noAgent)
        .putLong(0x180, TCB)
        .put(0x188, CPUID)
        .put(0x1a0, chipId)
        .putLong(0x1e0, TCB)
        .put(0x1e8, FIRMWARE)
        .put(0x1ec, FIRMWARE)
        .putLong(0x1f0, TCB)
        .array();
  }

  /** 57230, 3.1. */
  private static byte[] extensions(byte[] chipId) {
    return Der.sequence(
        extension("1", Der.integer(1)),
        extension("2", Der.value(IA5_STRING, (PRODUCT + "-B1").getBytes(US_ASCII))),
        extension("3.1", Der.integer(BOOT_LOADER)),
        extension("3.2", Der.integer(TEE)),
        extension("3.3", Der.integer(SNP)),
        extension("3.8", Der.integer(MICROCODE)),
        extension("4", chipId));
  }

  private static byte[] extension(String arc, byte[] value) {
    return Der.sequence(Der.oid(OID + arc), Der.octets(value));
  }
}
