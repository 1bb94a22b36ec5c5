package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmException;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SimulatedTeeTest {
  @TempDir Path dir = Path.of("");

  @Test
  void servesQuotesThroughTheKernelsFiles() throws IOException {
    byte[] reportData = new byte[64];
    reportData[0] = 42;
    Path folder;
    try (SimulatedTee tee = SimulatedTee.start(dir, Role.WORKER, TestNetwork.IMAGE)) {
      folder = tee.reportsFolder();
      TsmReports reports = new TsmReports(folder);
      EvidenceVerifier verifier = new EvidenceVerifier(new TestNetwork(dir).policy());
      for (int i = 0; i < 3; i++) {
        byte[] quote = reports.tdxQuote(reportData);
        assertInstanceOf(
            Verdict.Trusted.class, verifier.verify(quote, reportData, Role.WORKER, Instant.now()));
      }
    }
    assertFalse(Files.exists(folder), "the report folder is removed with the TEE");
  }

  @Test
  void answersManyAskersAtOnce() throws IOException {
    try (SimulatedTee tee = SimulatedTee.start(dir, Role.WORKER, TestNetwork.IMAGE)) {
      TsmReports reports = new TsmReports(tee.reportsFolder());
      EvidenceVerifier verifier = new EvidenceVerifier(new TestNetwork(dir).policy());
      long trusted =
          IntStream.range(0, 160)
              .parallel()
              .filter(
                  i -> {
                    byte[] reportData = new byte[64];
                    reportData[0] = (byte) i;
                    byte[] quote =
                        assertDoesNotThrow(
                            () -> {
                              reports.provider();
                              return reports.tdxQuote(reportData);
                            });
                    return verifier.verify(quote, reportData, Role.WORKER, Instant.now())
                        instanceof Verdict.Trusted;
                  })
              .count();
      assertEquals(160, trusted);
    }
  }

  @Test
  void saysWhatIsMissing() {
    TsmException missing =
        assertThrows(
            TsmException.class,
            () -> new TsmReports(dir.resolve("nowhere")).tdxQuote(new byte[64]));
    assertEquals(TsmException.Failure.NO_TEE, missing.failure());
    TsmException silent =
        assertThrows(
            TsmException.class,
            () -> new TsmReports(dir, Duration.ofMillis(20)).tdxQuote(new byte[64]));
    assertEquals(TsmException.Failure.TIMEOUT, silent.failure());
  }

  @Test
  void manyAtOnceShareOneRoot() throws IOException {
    long roots =
        IntStream.range(0, 8)
            .parallel()
            .mapToObj(_ -> rootHash(dir.resolve("shared")))
            .distinct()
            .count();
    assertEquals(1, roots);
    assertNotEquals(rootHash(dir.resolve("shared")), rootHash(dir.resolve("another")));
    assertEquals(
        "rw-------",
        java.nio.file.attribute.PosixFilePermissions.toString(
            Files.getPosixFilePermissions(dir.resolve("shared/root.key"))));
  }

  @Test
  void policyAllowsExactlyTheMeasuredJars() throws IOException {
    Path library = jar("lib/library.jar", "", "library");
    Path router = jar("router.jar", "lib/library.jar", "router");
    Path worker = jar("worker.jar", "", "worker");
    Path out = dir.resolve("out/policy.json");
    SimulatedPolicyMain.main(
        new String[] {
          "--dir", dir.toString(), "--router", router.toString(),
          "--worker", worker.toString(), "--out", out.toString()
        });
    Policy policy = Policy.load(out);
    String before = ImageMeasurement.ofJar(router).imageHash(Role.ROUTER);
    assertEquals(
        ImageMeasurement.ofJar(router).imageHashes(Role.ROUTER), policy.imagesOf(Role.ROUTER));
    assertNotEquals(before, ImageMeasurement.ofJar(router).imageHash(Role.WORKER));

    Files.write(library, new byte[] {1}, java.nio.file.StandardOpenOption.APPEND);
    assertNotEquals(before, ImageMeasurement.ofJar(router).imageHash(Role.ROUTER));
  }

  @Test
  void collateralAloneIsMadeAnewAndThePolicyStays() throws IOException {
    Path policy = dir.resolve("out/policy.json");
    Path collateral = dir.resolve("out/collateral.json");
    String jar = jar("program.jar", "", "program").toString();
    SimulatedPolicyMain.main(
        new String[] {
          "--dir",
          dir.toString(),
          "--router",
          jar,
          "--worker",
          jar,
          "--collateral",
          collateral.toString(),
          "--out",
          policy.toString()
        });
    assertEquals(true, Policy.load(policy).collateralRequired());
    byte[] policyBefore = Files.readAllBytes(policy);
    byte[] before = Files.readAllBytes(collateral);
    SimulatedPolicyMain.main(
        new String[] {"--dir", dir.toString(), "--collateral", collateral.toString()});
    assertFalse(java.util.Arrays.equals(before, Files.readAllBytes(collateral)));
    assertArrayEquals(policyBefore, Files.readAllBytes(policy));
  }

  private Path jar(String name, String classPath, String content) throws IOException {
    Path file = dir.resolve(name);
    Files.createDirectories(dir.resolve("lib"));
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, classPath);
    try (OutputStream out = Files.newOutputStream(file);
        JarOutputStream jar = new JarOutputStream(out, manifest)) {
      jar.putNextEntry(new ZipEntry("content"));
      jar.write(content.getBytes(UTF_8));
    }
    return file;
  }

  private static String rootHash(Path folder) {
    try {
      return SimulatedRoot.in(folder, InstantSource.system()).hash();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
