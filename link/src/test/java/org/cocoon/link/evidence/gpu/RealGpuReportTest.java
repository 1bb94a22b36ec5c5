package org.cocoon.link.evidence.gpu;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.cocoon.link.evidence.SharedEvidence;
import org.cocoon.link.evidence.gpu.GpuVerdict.Reason;
import org.junit.jupiter.api.Test;

/** Reports of real Hopper GPUs. */
final class RealGpuReportTest {
  /** Later than every certificate's first day (1 March 2022); none has an end before 9999. */
  private static final Instant NOW = Instant.parse("2026-03-01T00:00:00Z");

  private static final Pattern CERTIFICATE =
      Pattern.compile("-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----");
  private static final GpuPolicy POLICY =
      new GpuPolicy(
          Set.of(),
          Set.of("GH100"),
          Set.of("535.86.09", "590.12"),
          Set.of("96.00.5E.00.01", "96.00.A5.00.01"));

  @Test
  void believesARealReport() throws IOException {
    GpuVerdict.Gpu gpu = trusted(evidence("hopperAttestationReport.txt"));
    assertEquals("GH100", gpu.chip());
    assertEquals("416a5fafcbd9fa5ca3", gpu.device());
    assertEquals("535.86.09", gpu.report().driverVersion());
    assertEquals("96.00.5E.00.01", gpu.report().vbiosVersion());
    assertEquals(64, gpu.report().measurements().size());
    assertEquals(1, gpu.report().measurements().firstKey());
    assertFalse(gpu.report().firmwareId().isPresent());
  }

  @Test
  void believesARealReportThatNamesItsFirmware() throws IOException {
    GpuVerdict.Gpu gpu = trusted(jsonEvidence());
    assertEquals(
        "e97b23a1718095a0e9e35edca810768c70a6a5a389b705e753b197912bc11576", gpu.report().nonce());
    assertEquals("590.12", gpu.report().driverVersion());
    assertEquals("96.00.A5.00.01", gpu.report().vbiosVersion());
    assertEquals("956ecf09ee4191f1", gpu.report().firmwareId().orElseThrow().substring(0, 16));
  }

  @Test
  void refusesTheReportWhoseSignatureIsBroken() throws IOException {
    byte[] broken = report("hopperAttestationReportInvalidSignature.txt");
    for (List<byte[]> chain : List.of(fileChain(), jsonEvidence().chain())) {
      assertRefused(Reason.REPORT_SIGNATURE, verify(new GpuBundle.Evidence(broken, chain)));
    }
  }

  @Test
  void refusesAChangedReportAndAnotherDevicesChain() throws IOException {
    byte[] changed = report("hopperAttestationReport.txt");
    changed[110] ^= 1; // in a measurement
    assertRefused(Reason.REPORT_SIGNATURE, verify(new GpuBundle.Evidence(changed, fileChain())));
    assertRefused(
        Reason.REPORT_SIGNATURE,
        verify(
            new GpuBundle.Evidence(report("hopperAttestationReport.txt"), jsonEvidence().chain())));
  }

  @Test
  void refusesRealReportsBeforeTheirCertificatesAreValidAndUnderNvidiasOtherRoot()
      throws IOException {
    GpuBundle.Evidence good = evidence("hopperAttestationReport.txt");
    assertRefused(
        Reason.CHAIN_NOT_VALID_NOW, verify(good, Instant.parse("2021-12-31T00:00:00Z"), POLICY));
    List<byte[]> chain = new ArrayList<>(good.chain());
    chain.set(4, chain("nvidia/rim_root.crt").getFirst());
    assertRefused(Reason.UNTRUSTED_ROOT, verify(new GpuBundle.Evidence(good.report(), chain)));
    chain.set(4, chain.get(3));
    assertRefused(Reason.UNTRUSTED_ROOT, verify(new GpuBundle.Evidence(good.report(), chain)));
  }

  @Test
  void refusesVersionsThatThePolicyDoesNotName() throws IOException {
    GpuBundle.Evidence good = evidence("hopperAttestationReport.txt");
    Set<String> chips = POLICY.chips();
    Set<String> drivers = POLICY.driverVersions();
    Set<String> vbios = POLICY.vbiosVersions();
    assertRefused(
        Reason.CHIP_NOT_ALLOWED,
        verify(good, NOW, new GpuPolicy(Set.of(), Set.of(), drivers, vbios)));
    assertRefused(
        Reason.DRIVER_NOT_ALLOWED,
        verify(good, NOW, new GpuPolicy(Set.of(), chips, Set.of("535.86.08"), vbios)));
    assertRefused(
        Reason.VBIOS_NOT_ALLOWED,
        verify(good, NOW, new GpuPolicy(Set.of(), chips, drivers, Set.of("96.00.5E.00.02"))));
  }

  private static GpuVerdict.Gpu trusted(GpuBundle.Evidence evidence) {
    GpuVerdict verdict = verify(evidence);
    GpuVerdict.Trusted trusted =
        assertInstanceOf(GpuVerdict.Trusted.class, verdict, verdict.toString());
    assertFalse(trusted.simulated());
    assertFalse(trusted.measurementsCompared());
    assertEquals(Instant.parse("9999-12-31T23:59:59Z"), trusted.notAfter());
    return trusted.gpus().getFirst();
  }

  private static GpuVerdict verify(GpuBundle.Evidence evidence) {
    return verify(evidence, NOW, POLICY);
  }

  /** With the nonce that the report was asked for with, wherever the report can be read. */
  private static GpuVerdict verify(GpuBundle.Evidence evidence, Instant now, GpuPolicy policy) {
    GpuReport.Parsed report =
        assertInstanceOf(GpuReport.Parsed.class, GpuReport.parse(evidence.report()));
    byte[] nonce = HexFormat.of().parseHex(report.nonce());
    return new GpuBinding(policy).verify(new GpuBundle(List.of(evidence)), nonce, now);
  }

  private static void assertRefused(Reason reason, GpuVerdict verdict) {
    GpuVerdict.Rejected rejected = assertInstanceOf(GpuVerdict.Rejected.class, verdict);
    assertEquals(reason, rejected.reason(), rejected.detail());
  }

  private static GpuBundle.Evidence evidence(String name) throws IOException {
    return new GpuBundle.Evidence(report(name), fileChain());
  }

  private static byte[] report(String name) throws IOException {
    String hex = new String(SharedEvidence.read("nvidia/" + name), US_ASCII).strip();
    return HexFormat.of().parseHex(hex);
  }

  private static List<byte[]> fileChain() throws IOException {
    return chain("nvidia/hopperCertChain.txt");
  }

  private static List<byte[]> chain(String name) throws IOException {
    return certificates(new String(SharedEvidence.read(name), US_ASCII));
  }

  private static GpuBundle.Evidence jsonEvidence() throws IOException {
    String json = new String(SharedEvidence.read("nvidia/hopper_evidence.json"), US_ASCII);
    String pem = new String(Base64.getDecoder().decode(member(json, "certificate")), US_ASCII);
    return new GpuBundle.Evidence(
        Base64.getDecoder().decode(member(json, "evidence")), certificates(pem));
  }

  private static String member(String json, String name) {
    Matcher matcher = Pattern.compile("\"" + name + "\": *\"([^\"]*)\"").matcher(json);
    return matcher.find() ? matcher.group(1) : "";
  }

  private static List<byte[]> certificates(String pem) {
    Matcher matcher = CERTIFICATE.matcher(pem);
    List<byte[]> chain = new ArrayList<>();
    while (matcher.find()) {
      chain.add(Base64.getMimeDecoder().decode(matcher.group(1)));
    }
    return chain;
  }
}
