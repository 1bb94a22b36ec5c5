package org.cocoon.link.evidence.snp;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.P384;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.SharedEvidence;
import org.cocoon.link.evidence.SignedCertificate;
import org.cocoon.link.evidence.snp.CertificateTable.Entry;
import org.cocoon.link.evidence.snp.SnpVerdict.Reason;
import org.junit.jupiter.api.Test;

/** A report of a real Milan machine, and AMD's real chains. */
final class RealReportTest {
  private static final Instant NOW = Instant.parse("2026-03-01T00:00:00Z");
  private static final Pattern CERTIFICATE =
      Pattern.compile("-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----");
  private static final TcbVersion ANY = new TcbVersion(0, 0, 0, 0, 0);
  private static final TcbVersion REAL = new TcbVersion(0, 2, 0, 5, 0x44);

  @Test
  void readsEveryField() throws IOException {
    SnpReport.Parsed report = report();
    assertEquals(2, report.version());
    assertEquals(0xb0000, report.policy().bits());
    assertTrue(report.policy().debugAllowed());
    assertTrue(report.policy().smtAllowed());
    assertFalse(report.policy().migrationAllowed());
    assertEquals(0, report.vmpl());
    assertEquals(1, report.platformInfo());
    assertEquals(SnpReport.SigningKey.VCEK, report.signingKey());
    assertTrue(report.reportData().startsWith("010203040500"));
    assertTrue(report.measurement().startsWith("b07af9620f3b839b"));
    assertEquals("00".repeat(32), report.hostData());
    assertTrue(report.reportId().startsWith("8edc638e1857c555"));
    assertEquals("ff".repeat(32), report.reportIdMa());
    assertTrue(report.chipId().startsWith("3ac3fe21e13fb099"));
    assertEquals(REAL, TcbVersion.of(report.reportedTcb(), Product.MILAN));
    assertEquals(REAL, TcbVersion.of(report.committedTcb(), Product.MILAN));
    assertEquals(REAL, TcbVersion.of(report.launchTcb(), Product.MILAN));
    assertEquals(new SnpReport.Firmware(1, 49, 3), report.current());
    assertTrue(report.cpuid().isEmpty());
  }

  @Test
  void endorsementKeySignedItAndIsThisChips() throws IOException {
    SnpReport.Parsed report = report();
    SignedCertificate vcek = SignedCertificate.parse(read("vcek.testcer"));
    assertTrue(P384.verifies(vcek.x509().getPublicKey(), report.signature(), report.signedBytes()));
    EndorsementExtensions extensions = EndorsementExtensions.parse(vcek.der());
    assertEquals(REAL, extensions.tcb());
    assertEquals(Product.MILAN, extensions.product());
    assertTrue(extensions.isChip(report.chipId()));
  }

  @Test
  void refusesItBecauseItsGuestCanBeDebugged() throws IOException {
    SnpVerdict verdict = verify(read("attestation.bin"), NOW, ANY);
    assertEquals(Reason.DEBUG, assertInstanceOf(SnpVerdict.Rejected.class, verdict).reason());
  }

  @Test
  void refusesItWhenOneBitIsChanged() throws IOException {
    byte[] changed = read("attestation.bin");
    changed[10] ^= 8; // DEBUG off
    SnpVerdict verdict = verify(changed, NOW, ANY);
    assertEquals(
        Reason.REPORT_SIGNATURE, assertInstanceOf(SnpVerdict.Rejected.class, verdict).reason());
  }

  @Test
  void refusesItBeforeAndAfterItsCertificatesAreValid() throws IOException {
    for (String time : List.of("2022-01-01T00:00:00Z", "2029-10-01T00:00:00Z")) {
      SnpVerdict verdict = verify(read("attestation.bin"), Instant.parse(time), ANY);
      assertEquals(
          Reason.CHAIN_NOT_VALID_NOW,
          assertInstanceOf(SnpVerdict.Rejected.class, verdict).reason());
    }
  }

  @Test
  void pinnedRootsAreThoseOfAmdsChainsAndSignThem() throws IOException {
    assertChain("ask_ark_milan.pem", Product.MILAN);
    assertChain("ask_ark_genoa.pem", Product.GENOA);
    assertChain("ask_ark_turin_vcek.pem", Product.TURIN);
    assertChain("milanvlek.testcer", Product.MILAN);
  }

  private static void assertChain(String name, Product product) throws IOException {
    List<byte[]> chain = chain(name);
    SignedCertificate signer = SignedCertificate.parse(chain.get(0));
    SignedCertificate root = SignedCertificate.parse(chain.get(1));
    assertEquals(product.rootSha256(), Digests.sha256Hex(root.der()), name);
    assertTrue(root.mayIssue(1) && signer.mayIssue(0), name);
    assertTrue(root.issued(root) && root.issued(signer), name);
    assertFalse(signer.issued(root), name);
    assertArrayEquals(chain.get(0), signer.der());
  }

  private static SnpVerdict verify(byte[] report, Instant now, TcbVersion minimum)
      throws IOException {
    List<byte[]> chain = chain("milan.testcer");
    byte[] table =
        CertificateTable.of(
                Map.of(
                    Entry.VCEK, read("vcek.testcer"),
                    Entry.ASK, chain.get(0),
                    Entry.ARK, chain.get(1)))
            .toBytes();
    SnpPolicy policy =
        new SnpPolicy(
            Map.of(Product.MILAN, minimum),
            Set.of(),
            false,
            Set.of(),
            Map.of(Role.WORKER, Set.of(report().imageHash())));
    return new SnpVerifier(policy)
        .verify(report, table, HexFormat.of().parseHex(report().reportData()), Role.WORKER, now);
  }

  private static SnpReport.Parsed report() throws IOException {
    return assertInstanceOf(SnpReport.Parsed.class, SnpReport.parse(read("attestation.bin")));
  }

  private static List<byte[]> chain(String name) throws IOException {
    Matcher matcher = CERTIFICATE.matcher(new String(read(name), US_ASCII));
    List<byte[]> chain = new ArrayList<>();
    while (matcher.find()) {
      chain.add(Base64.getMimeDecoder().decode(matcher.group(1)));
    }
    return chain;
  }

  private static byte[] read(String name) throws IOException {
    return SharedEvidence.read("go-sev-guest/" + name);
  }
}
