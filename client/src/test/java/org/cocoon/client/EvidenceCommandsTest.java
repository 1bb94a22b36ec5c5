package org.cocoon.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TcbStatus;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedCollateral;
import org.cocoon.link.evidence.simulated.SimulatedPolicy;
import org.cocoon.link.evidence.simulated.SimulatedRoot;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.tls.LinkIdentity;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands on evidence of a simulated TEE, which has the form of the real one. */
@Timeout(60)
final class EvidenceCommandsTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final InstantSource CLOCK = InstantSource.fixed(NOW);
  private static final ImageMeasurement IMAGE = new ImageMeasurement("5a".repeat(48));

  @TempDir static Path dir;

  private static Path quote;
  private static Path collateral;
  private static Path root;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private byte[] input = new byte[0];

  @BeforeAll
  static void makeEvidence() throws IOException, CertificateEncodingException {
    quote = dir.resolve("quote.dat");
    collateral = dir.resolve("collateral.json");
    root = dir.resolve("root.crt");
    try (SimulatedTee tee = SimulatedTee.start(dir, Role.WORKER, IMAGE, CLOCK)) {
      TsmReports reports = new TsmReports(tee.reportsFolder());
      byte[] bytes = reports.tdxQuote(new byte[64]);
      Files.write(quote, Arrays.copyOf(bytes, bytes.length + 70));
      Files.write(
          dir.resolve("link.der"),
          LinkIdentity.create(Role.WORKER, reports, CLOCK).certificate().getEncoded());
    }
    Files.write(collateral, collateral().make().toJson());
  }

  private static SimulatedCollateral collateral() throws IOException {
    Instant from = NOW.minus(Duration.ofDays(1));
    return new SimulatedCollateral(
        SimulatedRoot.in(dir, CLOCK), from, from.plus(Duration.ofDays(30)));
  }

  private int run(Object... arguments) {
    out.reset();
    err.reset();
    Terminal terminal =
        new Terminal(
            new ByteArrayInputStream(input),
            new PrintStream(out, true, UTF_8),
            new PrintStream(err, true, UTF_8),
            false,
            false);
    String[] words = Arrays.stream(arguments).map(String::valueOf).toArray(String[]::new);
    return ClientMain.commandLine(terminal, Map.of(), Clock.fixed(NOW, ZoneOffset.UTC))
        .execute(words);
  }

  private int verify(Path quoteFile, Path collateralFile, Object... more) {
    Object[] arguments =
        new Object[] {
          "evidence", "verify", "--quote", quoteFile, "--collateral", collateralFile, "--json"
        };
    Object[] all = Arrays.copyOf(arguments, arguments.length + more.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return run(all);
  }

  private Json printed() throws IOException {
    return Json.parse(out.toByteArray(), out.size());
  }

  private void assertRejected(String reason) throws IOException {
    assertEquals("Rejected", printed().at("verdict").text(""), out.toString(UTF_8));
    assertEquals(reason, printed().at("reason").text(""), out.toString(UTF_8));
    assertFalse(printed().at("detail").text("").isEmpty());
  }

  @Test
  void tellsEverythingOfATrustedQuote() throws IOException {
    assertEquals(0, verify(quote, collateral, "--root", root), err.toString(UTF_8));
    Json told = printed();
    assertEquals("Trusted", told.at("verdict").text(""));
    assertFalse(told.at("reason").isPresent());
    assertFalse(told.at("detail").isPresent());
    assertEquals("UpToDate", told.at("tcbStatus").text(""));
    assertEquals(0, told.at("advisories").items().size());
    assertEquals(IMAGE.imageHash(Role.WORKER), told.at("imageHash").text(""));
    assertEquals("5a".repeat(48), told.at("measurements").at("mrTd").text(""));
    assertEquals("0000001000000000", told.at("measurements").at("tdAttributes").text(""));
    assertEquals("true", told.at("simulated").text(""));
    assertEquals("2026-03-30T12:00:00Z", told.at("validUntil").text(""));
    assertEquals("", err.toString(UTF_8));
  }

  @Test
  void readsTheQuoteFromAPipeAndPrintsAPage() throws IOException {
    input = Files.readAllBytes(quote);
    assertEquals(
        0, run("evidence", "verify", "--quote", "-", "--collateral", collateral, "--root", root));
    String page = out.toString(UTF_8);
    assertTrue(page.startsWith("TRUSTED: a SIMULATED TEE, which protects nothing\n"), page);
    assertTrue(page.contains(IMAGE.imageHash(Role.WORKER)), page);
    assertTrue(page.contains("NOT checked"), page);
  }

  @Test
  void trustsNoSimulationByIntelsRoot() throws IOException {
    assertEquals(1, verify(quote, collateral));
    assertRejected("SIMULATED_NOT_ALLOWED");
  }

  @Test
  void takesTimesAndDates() throws IOException {
    assertEquals(1, verify(quote, collateral, "--root", root, "--at", "2026-02-28"));
    assertRejected("CHAIN_NOT_VALID_NOW");
    assertEquals(0, verify(quote, collateral, "--root", root, "--at", "2026-03-30"));
    assertEquals("2026-03-30T00:00:00Z", printed().at("checkedAt").text(""));
    assertEquals(1, verify(quote, collateral, "--root", root, "--at", "2026-03-30T14:00:01+02:00"));
    assertRejected("CRL_EXPIRED");
  }

  @Test
  void withoutAPolicyTellsAStatusThatAPolicyRefuses() throws IOException {
    Path outOfDate = dir.resolve("out-of-date.json");
    Files.write(
        outOfDate,
        collateral().platformStatus(TcbStatus.OUT_OF_DATE, "INTEL-SA-1").make().toJson());
    assertEquals(0, verify(quote, outOfDate, "--root", root));
    assertEquals("OutOfDate", printed().at("tcbStatus").text(""));
    assertEquals("INTEL-SA-1", printed().at("advisories").first().text(""));
    Path policy = writePolicy(IMAGE.imageHash(Role.WORKER));
    assertEquals(1, verify(quote, outOfDate, "--policy", policy));
    assertRejected("TCB_STATUS_NOT_ALLOWED");
    assertEquals("OutOfDate", printed().at("tcbStatus").text(""), "told all the same");
    Path revoked = dir.resolve("revoked.json");
    Files.write(revoked, collateral().platformStatus(TcbStatus.REVOKED).make().toJson());
    assertEquals(1, verify(quote, revoked, "--root", root));
    assertRejected("TCB_REVOKED");
    assertEquals("Revoked", printed().at("tcbStatus").text(""));
  }

  @Test
  void aPolicysImagesDecide() throws IOException {
    Path right = writePolicy(IMAGE.imageHash(Role.WORKER));
    assertEquals(0, verify(quote, collateral, "--policy", right));
    assertEquals(1, verify(quote, collateral, "--policy", right, "--role", "router"));
    assertRejected("IMAGE_NOT_ALLOWED");
    assertEquals(1, verify(quote, collateral, "--policy", writePolicy("00".repeat(32))));
    assertRejected("IMAGE_NOT_ALLOWED");
  }

  private static Path writePolicy(String image) throws IOException {
    Policy policy =
        SimulatedPolicy.of(
                Set.of(SimulatedRoot.in(dir, CLOCK).hash()), Map.of(Role.WORKER, Set.of(image)))
            .withTcb(Policy.Tcb.STRICT);
    Path file = dir.resolve("policy-" + image + ".json");
    Files.writeString(file, policy.toJson());
    return file;
  }

  @Test
  void rejectsWhatIsNoQuoteAtOnce() throws IOException {
    Path file = dir.resolve("no-quote");
    for (int length : new int[] {0, 1, 10 * 1024 * 1024}) {
      Files.write(file, new byte[length]);
      assertEquals(1, verify(file, collateral, "--root", root), length + " bytes");
      assertRejected("MALFORMED_QUOTE");
      assertFalse(printed().at("measurements").isPresent());
    }
  }

  @Test
  void rejectsCollateralThatIsNoneOrMissing() throws IOException {
    Path file = dir.resolve("no-collateral");
    for (int length : new int[] {0, 1, 10 * 1024 * 1024}) {
      Files.write(file, new byte[length]);
      assertEquals(1, verify(quote, file, "--root", root), length + " bytes");
      assertRejected("MALFORMED_COLLATERAL");
    }
    assertEquals(1, run("evidence", "verify", "--quote", quote, "--root", root, "--json"));
    assertRejected("COLLATERAL_MISSING");
    assertEquals(1, verify(quote, Files.createDirectories(dir.resolve("empty")), "--root", root));
    assertRejected("MALFORMED_COLLATERAL");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "evidence",
        "evidence verify",
        "evidence verify --quote",
        "evidence verify --quote /nowhere",
        "evidence verify --quote / --json",
        "evidence verify --quote Q --collateral /nowhere",
        "evidence verify --quote Q --at yesterday",
        "evidence verify --quote Q --at 2026-02-30",
        "evidence verify --quote Q --root Q",
        "evidence verify --quote Q --policy Q",
        "evidence verify --quote Q --role client",
        "evidence verify --quote Q --nonsense",
        "evidence show",
        "evidence show /nowhere"
      })
  void misuseExitsWithTwoAndASentence(String line) {
    Object[] words = line.replace("Q", quote.toString()).split(" ", -1);
    assertEquals(2, run(words));
    assertEquals("", out.toString(UTF_8));
    String said = err.toString(UTF_8);
    assertFalse(said.isBlank());
    assertFalse(said.contains("Exception"), said);
  }

  @Test
  void showsEachKindOfEvidence() throws IOException {
    assertShown(quote, "TDX quote, version 4", "70 bytes, no part of it", "SEPT_VE_DISABLE");
    assertShown(
        collateral, "TCB info", "Identity of the quoting enclave", "Root's revocation list");
    assertShown(root, "Certificate 1 of 1", SimulatedRoot.in(dir, CLOCK).hash());
    assertShown(
        dir.resolve("link.der"),
        "CN=cocoon worker",
        "2026-03-01T12:00:00Z",
        "TDX quote, version 4",
        "Platform's certificates, 3 of 3");
  }

  private void assertShown(Path file, String... expected) {
    assertEquals(0, run("evidence", "show", file), err.toString(UTF_8));
    String page = out.toString(UTF_8);
    for (String words : expected) {
      assertTrue(page.contains(words), words + " is not in\n" + page);
    }
    assertTrue(page.contains("NOT checked"), page);
    assertTrue(page.lines().allMatch(line -> line.length() <= 110), page);
  }

  @Test
  void refusesToShowWhatIsNoEvidence() throws IOException {
    Path file = dir.resolve("no-evidence");
    for (byte[] content :
        new byte[][] {
          {}, {1}, new byte[10 * 1024 * 1024], "{".repeat(100).getBytes(UTF_8), new byte[100]
        }) {
      Files.write(file, content);
      assertEquals(1, run("evidence", "show", file));
      assertEquals("", out.toString(UTF_8));
      assertTrue(err.toString(UTF_8).startsWith(file + ": it "), err.toString(UTF_8));
    }
  }

  @Test
  void evidenceDoesNotMoveTheCursor() throws IOException {
    Path file = dir.resolve("escapes.json");
    Files.write(
        file,
        collateral()
            .editTcbInfo(text -> text.replace("\"TDX\"", "\"\\u001b[2J\\u0007\""))
            .make()
            .toJson());
    assertEquals(0, run("evidence", "show", file));
    assertTrue(out.toString(UTF_8).contains("[2J"));
    assertTrue(out.toString(UTF_8).chars().allMatch(c -> c == '\n' || c >= ' '));
  }
}
