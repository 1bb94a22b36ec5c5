package org.cocoon.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.Callable;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.evidence.snp.SnpReport;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code evidence show}: every field of a file of evidence, unverified. */
@Command(
    name = "show",
    description = "Show every field of a file of evidence. Nothing in it is verified.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "FILE may be a TDX quote, an SEV-SNP attestation report, a certificate or chain",
      "(PEM or DER; the quote in a link's certificate is shown too), or collateral as",
      "JSON (dcap-qvl's QuoteCollateralV3). Integers in quotes are little-endian;",
      "registers are shown as bytes in hexadecimal, in the order of the file.",
      "",
      "Examples:",
      "  cocoon evidence show quote.dat",
      "  cocoon evidence show collateral.json",
      "  openssl s_client -connect HOST:PORT </dev/null | cocoon evidence show -",
      "",
      "Exit codes: 0 shown, 1 not evidence, 2 wrong usage or an unreadable file."
    })
final class EvidenceShowCommand implements Callable<Integer> {
  private static final int MAX_BYTES = Collateral.MAX_BYTES;
  private static final int FEWEST_BYTES = 64;

  private final Terminal terminal;

  @Parameters(paramLabel = "FILE", description = "What to show; - reads the standard input.")
  private String file = "";

  EvidenceShowCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    byte[] bytes;
    try {
      bytes = EvidenceFile.read(file, terminal, MAX_BYTES);
    } catch (IOException e) {
      terminal.err().println(Terminal.withoutControls(String.valueOf(e.getMessage())));
      return CommandLine.ExitCode.USAGE;
    }
    FieldPage page = new FieldPage(terminal);
    String refusal = write(page, bytes);
    if (!refusal.isEmpty()) {
      terminal.err().println(Terminal.withoutControls(file + ": " + refusal));
      return 1;
    }
    terminal.out().print(page.render());
    return 0;
  }

  /** Recognises and writes; otherwise says why not. */
  private static String write(FieldPage page, byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      return "it has more than " + MAX_BYTES + " bytes; no evidence is that long";
    }
    if (bytes.length < FEWEST_BYTES) {
      return "it has " + bytes.length + " bytes; no evidence is that short";
    }
    if (SnpReport.parse(bytes) instanceof SnpReport.Parsed report) {
      new SnpPage(page).write(report);
      page.sentence(
          "NOT checked: nothing of this was verified, neither the signature nor who made the"
              + " signing key.");
      return "";
    }
    // A quote begins with its version, a small number in two bytes, as no text and no DER does.
    if (bytes[0] < ' ' && bytes[1] == 0) {
      return writeQuote(page, bytes);
    }
    return new String(bytes, US_ASCII).stripLeading().startsWith("{")
        ? writeCollateral(page, bytes)
        : writeCertificates(page, bytes);
  }

  private static String writeQuote(FieldPage page, byte[] bytes) {
    return switch (TdxQuote.parse(bytes)) {
      case TdxQuote.Malformed malformed -> "it begins like a TDX quote, but " + malformed.reason();
      case TdxQuote.Parsed quote -> {
        new QuotePage(page).write(quote, bytes.length);
        page.sentence(
            "NOT checked: nothing of this was verified, neither signatures nor certificates nor"
                + " the platform's security level. To check it: cocoon evidence verify --quote"
                + " FILE --collateral FILE");
        yield "";
      }
    };
  }

  private static String writeCertificates(FieldPage page, byte[] bytes) {
    List<X509Certificate> certificates = CertificatePage.read(bytes);
    if (certificates.isEmpty()) {
      return "it is neither a quote, a report, a certificate nor collateral";
    }
    CertificatePage certificatePage = new CertificatePage(page);
    for (int i = 0; i < certificates.size(); i++) {
      certificatePage.one(
          "Certificate " + (i + 1) + " of " + certificates.size(), certificates.get(i));
    }
    page.sentence(
        "NOT checked: nothing of this was verified, neither signatures nor who issued what, nor"
            + " that a quote in it was made for its key.");
    return "";
  }

  private static String writeCollateral(FieldPage page, byte[] bytes) {
    try {
      new CollateralPage(page).write(Collateral.parse(bytes));
      page.sentence(
          "NOT checked: nothing of this was verified, neither signatures nor dates nor that it is"
              + " for a certain platform.");
      return "";
    } catch (JsonException | IOException e) {
      return "it is no collateral: " + e.getMessage();
    }
  }
}
