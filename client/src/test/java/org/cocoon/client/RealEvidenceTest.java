package org.cocoon.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands on evidence of real hardware, where a folder {@code shared/evidence} is near. */
final class RealEvidenceTest {
  private static final String ASSEMBLED = "assembled_collateral_90c06f000000_2026-01.json";

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private int run(List<String> arguments) {
    out.reset();
    PrintStream stream = new PrintStream(out, true, UTF_8);
    Terminal terminal =
        new Terminal(new ByteArrayInputStream(new byte[0]), stream, stream, false, false);
    return ClientMain.commandLine(terminal, Map.of(), Clock.systemUTC())
        .execute(arguments.toArray(String[]::new));
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "cocoon/quote.dat, " + ASSEMBLED + ", 2026-01-20, -, UpToDate",
        "cocoon/quote.dat, tinfoil, 2026-01-20, -, UpToDate",
        "cocoon/quote.dat, " + ASSEMBLED + ", 2026-01-01, COLLATERAL_FROM_FUTURE, -",
        "cocoon/quote.dat, " + ASSEMBLED + ", 2026-02-12, CRL_EXPIRED, -",
        "cocoon/quote.dat, dcap-qvl/tdx_quote_collateral.json, 2025-07-01, CHAIN_NOT_VALID_NOW, -",
        "dcap-qvl/tdx_quote, dcap-qvl/tdx_quote_collateral.json, 2025-07-01, -, UpToDate",
        "dcap-qvl/tdx_quote_outdated, dcap-qvl/tdx_quote_outdated_collateral.json, 2026-03-01,"
            + " TCB_LEVEL_NONE, -",
        "go-tdx-guest/ccel/cos-113-tdx-quote.dat, "
            + ASSEMBLED
            + ", 2026-01-20, TCB_INFO_PLATFORM, -",
        "intel-qvl-synthetic/quote.dat, " + ASSEMBLED + ", 2026-01-20, MALFORMED_CHAIN, -",
        "go-sev-guest/attestation.bin, " + ASSEMBLED + ", 2026-01-20, MALFORMED_QUOTE, -",
        "nvidia/hopperAttestationReport.txt, " + ASSEMBLED + ", 2026-01-20, MALFORMED_QUOTE, -",
        "cocoon/quote.dat, nvidia/hopper_evidence.json, 2026-01-20, MALFORMED_COLLATERAL, -"
      })
  void verifies(String quote, String collateral, String at, String reason, String tcbStatus)
      throws IOException {
    int code =
        run(
            List.of(
                "evidence",
                "verify",
                "--quote",
                file(quote),
                "--collateral",
                file(collateral),
                "--at",
                at,
                "--json"));
    Json told = Json.parse(out.toByteArray(), out.size());
    assertEquals(reason == null ? 0 : 1, code, out.toString(UTF_8));
    assertEquals(reason == null ? "Trusted" : "Rejected", told.at("verdict").text(""));
    assertEquals(
        String.valueOf(reason), told.at("reason").text("null"), told.at("detail").text(""));
    assertEquals(String.valueOf(tcbStatus), told.at("tcbStatus").text("null"));
    if (quote.equals("cocoon/quote.dat")) {
      assertEquals(
          "04b3afd931d28680af91a15b09d672c40ad6b141f7f9089a8d67d595220f7436",
          told.at("imageHash").text(""));
    }
  }

  @Test
  void showsOrRefusesEachFileInWords() throws IOException {
    List<String> shown = new ArrayList<>();
    Path folder = Path.of(file(""));
    try (var files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        int code = run(List.of("evidence", "show", file.toString()));
        String page = out.toString(UTF_8);
        assertTrue(code == 0 || (code == 1 && page.lines().count() == 1), file + "\n" + page);
        assertTrue(page.chars().allMatch(c -> c == '\n' || c >= ' '), file + "\n" + page);
        if (code == 0) {
          shown.add(folder.relativize(file).toString());
        }
      }
    }
    assertTrue(
        shown.containsAll(
            List.of(
                "cocoon/quote.dat",
                "dcap-qvl/tdx_quote",
                "dcap-qvl/tdx_quote_outdated",
                "dcap-qvl/TrustedRootCA.der",
                "dcap-qvl/tdx_quote_collateral.json",
                "go-sev-guest/attestation.bin",
                "go-sev-guest/ask_ark_milan.pem",
                "go-tdx-guest/ccel/cos-113-tdx-quote.dat",
                "intel-qvl-synthetic/quote.dat",
                ASSEMBLED)),
        shown.toString());
  }

  private static String file(String name) {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null) {
      Path file = folder.resolve("shared/evidence").resolve(name);
      if (Files.exists(file)) {
        return file.toString();
      }
      folder = folder.getParent();
    }
    return abort("there is no shared/evidence/" + name + " above this folder");
  }
}
