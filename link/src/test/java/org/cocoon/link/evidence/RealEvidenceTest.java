package org.cocoon.link.evidence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.cocoon.link.evidence.json.Json;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.evidence.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Quotes and collateral of real hardware and Intel's own samples: in the folder of the property
 * {@code cocoon.evidence}, or in {@code shared/evidence} beside the repository.
 */
final class RealEvidenceTest {
  private static final String COCOON_COLLATERAL = "assembled_collateral_90c06f000000_2026-01.json";
  private static final Instant COCOON_TIME = Instant.parse("2026-01-20T00:00:00Z");
  private static final int SAMPLE_QE_OFFSET = 636 + 128 + 6;
  private static final int SAMPLE_CHAIN_OFFSET = SAMPLE_QE_OFFSET + 384 + 64 + 2 + 6;
  private static final Instant SAMPLE_TIME = Instant.parse("2026-01-01T00:00:00Z");

  @Test
  void readsTheQuoteOfARealCocoonNode() throws IOException {
    byte[] quote = read("cocoon/quote.dat");
    TdxQuote.Parsed parsed = assertInstanceOf(TdxQuote.Parsed.class, TdxQuote.parse(quote));
    assertEquals(4, parsed.version());
    assertEquals(quote.length - 70, parsed.length());
    assertTrue(parsed.measurements().mrTd().startsWith("7357a10d"));
    assertEquals(
        "04b3afd931d28680af91a15b09d672c40ad6b141f7f9089a8d67d595220f7436",
        parsed.measurements().imageHash());
    assertEquals(
        Optional.of(new PlatformName("90c06f000000", CaType.PLATFORM)), PlatformName.of(parsed));
  }

  @ParameterizedTest
  @CsvSource({
    "cocoon/quote.dat, assembled_collateral_90c06f000000_2026-01.json, 2026-01-20, 18, 2026-02-11",
    "dcap-qvl/tdx_quote, dcap-qvl/tdx_quote_collateral.json, 2025-07-01, 17, 2025-07-19",
  })
  void believesRealQuotesThatAreUpToDate(
      String quoteFile, String collateralFile, String day, int number, String lastDay)
      throws Exception {
    Verdict verdict = verify(read(quoteFile), collateral(collateralFile), at(day));
    Verdict.Trusted trusted = assertInstanceOf(Verdict.Trusted.class, verdict, verdict.toString());
    PlatformTcb.Checked tcb = assertInstanceOf(PlatformTcb.Checked.class, trusted.tcb());
    assertEquals(TcbStatus.UP_TO_DATE, tcb.status());
    assertEquals(Set.of(), tcb.advisories());
    assertEquals(number, tcb.tcbInfoNumber());
    assertEquals(number, tcb.qeIdentityNumber());
    assertEquals(lastDay, trusted.notAfter().toString().substring(0, 10));
    assertFalse(trusted.simulated());
  }

  @ParameterizedTest
  @CsvSource({
    "2026-01-01, COLLATERAL_FROM_FUTURE",
    "2026-02-12, CRL_EXPIRED",
    "2036-01-01, CHAIN_NOT_VALID_NOW"
  })
  void refusesRealQuotesAtOtherTimes(String day, Verdict.Reason reason) throws Exception {
    assertRefused(reason, verify(read("cocoon/quote.dat"), collateral(COCOON_COLLATERAL), at(day)));
  }

  @Test
  void refusesAPlatformBelowEveryLevel() throws Exception {
    byte[] quote = read("dcap-qvl/tdx_quote_outdated");
    TdxQuote.Parsed parsed = assertInstanceOf(TdxQuote.Parsed.class, TdxQuote.parse(quote));
    assertEquals(5, parsed.version());
    assertTrue(parsed.isTd15());
    Collateral collateral = collateral("dcap-qvl/tdx_quote_outdated_collateral.json");
    assertRefused(Verdict.Reason.TCB_LEVEL_NONE, verify(quote, collateral, at("2026-03-01")));
  }

  @Test
  void refusesRealCollateralThatIsChangedOrWrittenAnew() throws Exception {
    byte[] quote = read("cocoon/quote.dat");
    Collateral good = collateral(COCOON_COLLATERAL);
    String spaced = good.tcbInfo().replaceFirst(",", ", ");
    assertRefused(
        Verdict.Reason.TCB_INFO_SIGNATURE, verify(quote, withTcbInfo(good, spaced), COCOON_TIME));
    byte[] crl = good.pckCrl().clone();
    crl[crl.length / 2] ^= 1;
    Verdict verdict = verify(quote, withPckCrl(good, crl), COCOON_TIME);
    Verdict.Rejected rejected = assertInstanceOf(Verdict.Rejected.class, verdict);
    assertTrue(
        Set.of(Verdict.Reason.CRL_SIGNATURE, Verdict.Reason.MALFORMED_COLLATERAL)
            .contains(rejected.reason()));
  }

  @Test
  void refusesTheRevocationListOfTheOtherCa() throws Exception {
    Collateral good = collateral(COCOON_COLLATERAL);
    byte[] processor = read("tinfoil/pck_crl_processor.crl");
    assertRefused(
        Verdict.Reason.CRL_ISSUER,
        verify(read("cocoon/quote.dat"), withPckCrl(good, processor), COCOON_TIME));
    Collateral processors = tinfoil("90c06f000000", "processor");
    assertRefused(
        Verdict.Reason.CRL_ISSUER, verify(read("cocoon/quote.dat"), processors, COCOON_TIME));
  }

  @Test
  void believesTheSignaturesOfPublishedAnswers() throws Exception {
    Collateral assembled = tinfoil("90c06f000000", "platform");
    Verdict verdict = verify(read("cocoon/quote.dat"), assembled, COCOON_TIME);
    assertInstanceOf(Verdict.Trusted.class, verdict, verdict.toString());
    assertRefused(
        Verdict.Reason.TCB_INFO_PLATFORM,
        verify(read("cocoon/quote.dat"), tinfoil("00a06d080000", "platform"), COCOON_TIME));
  }

  @Test
  void intelsSampleIsRefusedUnderTheRealRootAndFollowedUnderItsOwn() throws Exception {
    byte[] quote = sampleQuote();
    Policy real = policy(quote);
    Collateral collateral = sampleCollateral();
    assertRefused(
        Verdict.Reason.UNTRUSTED_ROOT, verify(quote, real, source(collateral), SAMPLE_TIME));

    String root =
        Digests.sha256Hex(
            ChainRules.COLLATERAL
                .read(text("intel-qvl-synthetic/trustedRootCaCert.pem"), 1)
                .getFirst()
                .x509()
                .getEncoded());
    Policy own = real.withRoots(Set.of(root), Set.of());
    // All signatures hold, but the sample's quote has another enclave than its identity names.
    assertRefused(
        Verdict.Reason.QE_IDENTITY_MISMATCH, verify(quote, own, source(collateral), SAMPLE_TIME));
    assertRefused(
        Verdict.Reason.COLLATERAL_ROOT,
        verify(quote, own, source(collateral(COCOON_COLLATERAL)), SAMPLE_TIME));
  }

  @Test
  void jsonFormOfCollateralComesBackUnchanged() throws Exception {
    Collateral collateral = collateral(COCOON_COLLATERAL);
    Collateral again = Collateral.parse(collateral.toJson());
    assertArrayEquals(collateral.digest(), again.digest());
    assertEquals(collateral.tcbInfo(), again.tcbInfo());
    assertArrayEquals(collateral.pckCrl(), again.pckCrl());
  }

  @Test
  void refusesARealQuoteWithOneChangedBit() throws IOException {
    byte[] quote = read("cocoon/quote.dat");
    Policy policy = policy(quote).withCollateralRequired(false);
    byte[] reportData = reportData(quote);
    quote[28] ^= 1;
    assertRefused(
        Verdict.Reason.QUOTE_SIGNATURE,
        new EvidenceVerifier(policy).verify(quote, reportData, Role.WORKER, COCOON_TIME));
  }

  @Test
  void refusesRealHardwareWithoutTheCollateralThatIsRequired() throws IOException {
    byte[] quote = read("cocoon/quote.dat");
    assertRefused(
        Verdict.Reason.COLLATERAL_MISSING,
        verify(quote, policy(quote), CollateralSource.NONE, COCOON_TIME));
  }

  private static void assertRefused(Verdict.Reason reason, Verdict verdict) {
    Verdict.Rejected rejected =
        assertInstanceOf(Verdict.Rejected.class, verdict, verdict.toString());
    assertEquals(reason, rejected.reason(), rejected.detail());
  }

  private static Verdict verify(byte[] quote, Collateral collateral, Instant now) {
    return verify(quote, policy(quote), source(collateral), now);
  }

  private static Verdict verify(byte[] quote, Policy policy, CollateralSource source, Instant now) {
    return new EvidenceVerifier(policy, source).verify(quote, reportData(quote), Role.WORKER, now);
  }

  private static CollateralSource source(Collateral collateral) {
    return new CollateralSource() {
      @Override
      public Optional<Collateral> collateral(String fmspc, CaType ca) {
        return Optional.of(collateral);
      }

      @Override
      public long version() {
        return 1;
      }
    };
  }

  /** Allows what the quote says, on real hardware. */
  private static Policy policy(byte[] quote) {
    Measurements measurements = measurements(quote);
    return Policy.NOTHING
        .withRoots(Set.of(Policy.INTEL_SGX_ROOT), Set.of())
        .withDomains(
            new Policy.Domains(
                Set.of(measurements.tdAttributes()),
                Set.of(measurements.xfam()),
                Set.of(measurements.mrSeam())))
        .withImages(Map.of(Role.WORKER, Set.of(measurements.imageHash())));
  }

  private static Collateral withTcbInfo(Collateral of, String tcbInfo) {
    return new Collateral(
        of.pckCrlIssuerChain(),
        of.rootCaCrl(),
        of.pckCrl(),
        of.tcbInfoIssuerChain(),
        tcbInfo,
        of.tcbInfoSignature(),
        of.qeIdentityIssuerChain(),
        of.qeIdentity(),
        of.qeIdentitySignature());
  }

  private static Collateral withPckCrl(Collateral of, byte[] pckCrl) {
    return new Collateral(
        of.pckCrlIssuerChain(),
        of.rootCaCrl(),
        pckCrl,
        of.tcbInfoIssuerChain(),
        of.tcbInfo(),
        of.tcbInfoSignature(),
        of.qeIdentityIssuerChain(),
        of.qeIdentity(),
        of.qeIdentitySignature());
  }

  /** Puts Intel's answers together, as a source does that fetches them. */
  private static Collateral tinfoil(String fmspc, String ca) throws IOException, JsonException {
    JsonObject tcb = Json.parse(text("tinfoil/tcb_info_" + fmspc + ".json"));
    JsonObject qe = Json.parse(text("tinfoil/qe_identity.json"));
    return new Collateral(
        decoded("tinfoil/pck_crl_" + ca + "_chain.txt"),
        read("tinfoil/root_ca.crl"),
        read("tinfoil/pck_crl_" + ca + ".crl"),
        decoded("tinfoil/tcb_info_" + fmspc + "_chain.txt"),
        tcb.object("tcbInfo").raw(),
        HexFormat.of().parseHex(tcb.text("signature")),
        decoded("tinfoil/qe_identity_chain.txt"),
        qe.object("enclaveIdentity").raw(),
        HexFormat.of().parseHex(qe.text("signature")));
  }

  private static Collateral sampleCollateral() throws IOException, JsonException {
    JsonObject tcb = Json.parse(text("intel-qvl-synthetic/tcbInfo.json"));
    JsonObject qe = Json.parse(text("intel-qvl-synthetic/qeIdentity.json"));
    return new Collateral(
        leafFirst("pckSignChain.pem"),
        read("intel-qvl-synthetic/rootCaCrl.der"),
        read("intel-qvl-synthetic/intermediateCaCrl.der"),
        leafFirst("tcbSignChain.pem"),
        tcb.object("tcbInfo").raw(),
        HexFormat.of().parseHex(tcb.text("signature")),
        leafFirst("tcbSignChain.pem"),
        qe.object("enclaveIdentity").raw(),
        HexFormat.of().parseHex(qe.text("signature")));
  }

  /** The sample lists the root first, against Intel's own order. */
  private static String leafFirst(String file) throws IOException {
    String pem = text("intel-qvl-synthetic/" + file);
    int second = pem.indexOf("-----BEGIN", 1);
    return pem.substring(second).strip() + "\n" + pem.substring(0, second).strip() + "\n";
  }

  /** The sample holds its chain as DER, the root first; quotes hold PEM, which nothing signs. */
  private static byte[] sampleQuote() throws IOException {
    byte[] sample = read("intel-qvl-synthetic/quote.dat");
    String pem = text("intel-qvl-synthetic/pckCert.pem") + leafFirst("pckSignChain.pem");
    byte[] chain = pem.getBytes(UTF_8);
    ByteBuffer quote =
        ByteBuffer.allocate(SAMPLE_CHAIN_OFFSET + chain.length).order(ByteOrder.LITTLE_ENDIAN);
    quote.put(sample, 0, SAMPLE_CHAIN_OFFSET).put(chain);
    quote.putInt(632, quote.capacity() - 636);
    quote.putInt(SAMPLE_QE_OFFSET - 4, quote.capacity() - SAMPLE_QE_OFFSET);
    quote.putInt(SAMPLE_CHAIN_OFFSET - 4, chain.length);
    return quote.array();
  }

  private static Collateral collateral(String file) throws IOException, JsonException {
    return Collateral.parse(read(file));
  }

  private static String decoded(String file) throws IOException {
    return URLDecoder.decode(text(file), UTF_8);
  }

  private static Instant at(String day) {
    return Instant.parse(day + "T00:00:00Z");
  }

  private static byte[] reportData(byte[] quote) {
    return HexFormat.of().parseHex(measurements(quote).reportData());
  }

  private static Measurements measurements(byte[] quote) {
    return assertInstanceOf(TdxQuote.Parsed.class, TdxQuote.parse(quote)).measurements();
  }

  private static String text(String name) throws IOException {
    return new String(read(name), UTF_8);
  }

  private static byte[] read(String name) throws IOException {
    String named = System.getProperty("cocoon.evidence");
    if (named != null) {
      return Files.readAllBytes(Path.of(named).resolve(name));
    }
    for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
      Path file = folder.resolve("shared/evidence").resolve(name);
      if (Files.exists(file)) {
        return Files.readAllBytes(file);
      }
    }
    return abort("there is no shared/evidence/" + name + " above this folder");
  }
}
