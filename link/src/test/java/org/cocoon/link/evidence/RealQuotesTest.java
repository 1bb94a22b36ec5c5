package org.cocoon.link.evidence;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Quotes of real hardware, where a folder {@code shared/evidence} lies beside the repository. */
final class RealQuotesTest {
  private static final Instant NOW = Instant.parse("2026-03-01T00:00:00Z");

  @Test
  void believesTheQuoteOfARealCocoonNode() throws IOException {
    byte[] quote = read("cocoon/quote.dat");
    TdxQuote.Parsed parsed = assertInstanceOf(TdxQuote.Parsed.class, TdxQuote.parse(quote));
    assertEquals(4, parsed.version());
    assertEquals(quote.length - 70, parsed.length());
    assertTrue(parsed.measurements().mrTd().startsWith("7357a10d"));
    assertEquals(
        "04b3afd931d28680af91a15b09d672c40ad6b141f7f9089a8d67d595220f7436",
        parsed.measurements().imageHash());
    assertTrusted(quote, "90c06f000000");
  }

  @Test
  void believesQuotesOfBothVersions() throws IOException {
    assertTrusted(read("dcap-qvl/tdx_quote"), "b0c06f000000");
    byte[] quote = read("dcap-qvl/tdx_quote_outdated");
    TdxQuote.Parsed parsed = assertInstanceOf(TdxQuote.Parsed.class, TdxQuote.parse(quote));
    assertEquals(5, parsed.version());
    assertTrusted(quote, "90c06f000000");
  }

  @Test
  void refusesARealQuoteWithOneChangedBit() throws IOException {
    byte[] quote = read("cocoon/quote.dat");
    EvidenceVerifier verifier = new EvidenceVerifier(policy(quote, false));
    byte[] reportData = reportData(quote);
    quote[28] ^= 1;
    Verdict verdict = verifier.verify(quote, reportData, Role.WORKER, NOW);
    assertEquals(
        Verdict.Reason.QUOTE_SIGNATURE, assertInstanceOf(Verdict.Rejected.class, verdict).reason());
  }

  @Test
  void refusesRealHardwareWithoutTheCollateralThatIsRequired() throws IOException {
    byte[] quote = read("cocoon/quote.dat");
    Verdict verdict =
        new EvidenceVerifier(policy(quote, true))
            .verify(quote, reportData(quote), Role.WORKER, NOW);
    assertEquals(
        Verdict.Reason.COLLATERAL_MISSING,
        assertInstanceOf(Verdict.Rejected.class, verdict).reason());
  }

  private static void assertTrusted(byte[] quote, String fmspc) {
    AtomicReference<String> seen = new AtomicReference<>("");
    CollateralCheck recording =
        (_, platform, _) -> {
          seen.set(platform.fmspc());
          return new CollateralCheck.Outcome.NotChecked();
        };
    Verdict verdict =
        new EvidenceVerifier(policy(quote, false), recording)
            .verify(quote, reportData(quote), Role.WORKER, NOW);
    assertInstanceOf(Verdict.Trusted.class, verdict, verdict.toString());
    assertEquals(fmspc, seen.get());
  }

  private static Policy policy(byte[] quote, boolean collateralRequired) {
    return new Policy(
        Set.of(Policy.INTEL_SGX_ROOT),
        Set.of(),
        collateralRequired,
        Map.of(Role.WORKER, Set.of(measurements(quote).imageHash())));
  }

  private static byte[] reportData(byte[] quote) {
    return HexFormat.of().parseHex(measurements(quote).reportData());
  }

  private static Measurements measurements(byte[] quote) {
    return assertInstanceOf(TdxQuote.Parsed.class, TdxQuote.parse(quote)).measurements();
  }

  private static byte[] read(String name) throws IOException {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null) {
      Path file = folder.resolve("shared/evidence").resolve(name);
      if (Files.exists(file)) {
        return Files.readAllBytes(file);
      }
      folder = folder.getParent();
    }
    return abort("there is no shared/evidence/" + name + " above this folder");
  }
}
