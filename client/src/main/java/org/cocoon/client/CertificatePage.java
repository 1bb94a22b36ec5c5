package org.cocoon.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.DerValue;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.EcdsaCertificate.Extension;
import org.cocoon.link.evidence.PckExtension;
import org.cocoon.link.evidence.PlatformCertificate;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.snp.SnpReport;

/** Certificates: of platforms and their authorities, and of links with the evidence in them. */
final class CertificatePage {
  private static final int MOST = 8;

  /** Where a link's certificate has evidence and claims: an arc of this project's own. */
  private static final byte[] QUOTE = Der.oid("2.25.78323838167326399797837577393372858040.1");

  private static final byte[] CLAIMS = Der.oid("2.25.78323838167326399797837577393372858040.2");

  /** In place of the quote, under SEV-SNP. */
  private static final byte[] SNP = Der.oid("2.25.78323838167326399797837577393372858040.4");

  private static final Pattern PEM =
      Pattern.compile("-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\\s]*)-----END CERTIFICATE-----");

  private final FieldPage page;

  CertificatePage(FieldPage page) {
    this.page = page;
  }

  /** Reads one certificate in DER, or all in PEM whatever stands around them, at most eight. */
  static List<X509Certificate> read(byte[] bytes) {
    if (bytes.length > 0 && bytes[0] == Der.SEQUENCE) {
      return certificate(bytes).map(List::of).orElse(List.of());
    }
    List<X509Certificate> certificates = new ArrayList<>();
    Matcher block = PEM.matcher(new String(bytes, US_ASCII));
    while (certificates.size() < MOST && block.find()) {
      certificate(Base64.getMimeDecoder().decode(block.group(1))).ifPresent(certificates::add);
    }
    return certificates;
  }

  private static Optional<X509Certificate> certificate(byte[] der) {
    try {
      return Optional.of(
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(der)));
    } catch (CertificateException _) {
      return Optional.empty();
    }
  }

  /** All certificates of a chain, in its order. */
  void chain(String title, byte[] pem) {
    List<X509Certificate> certificates = read(pem);
    if (certificates.isEmpty()) {
      page.heading(title).field("unreadable", pem.length + " bytes that are no certificates");
    }
    for (int i = 0; i < certificates.size(); i++) {
      one(title + ", " + (i + 1) + " of " + certificates.size(), certificates.get(i));
    }
  }

  /** One certificate, and the quote in it if it is a link's. */
  void one(String title, X509Certificate certificate) {
    page.heading(title)
        .field("subject", certificate.getSubjectX500Principal().getName())
        .field("issuer", certificate.getIssuerX500Principal().getName())
        .hex("serial", certificate.getSerialNumber().toByteArray(), "")
        .field("valid from", certificate.getNotBefore().toInstant())
        .field("valid until", certificate.getNotAfter().toInstant())
        .field("key", key(certificate))
        .field("signed with", certificate.getSigAlgName());
    try {
      PlatformCertificate.platform(certificate).ifPresent(this::platform);
      byte[] der = certificate.getEncoded();
      page.hex("SHA-256", Digests.sha256(der), "of its DER, as a policy pins roots");
      extensions(der);
    } catch (CertificateException | DerException e) {
      page.field("extensions", "unreadable: " + e.getMessage());
    }
  }

  private void extensions(byte[] der) throws DerException {
    List<byte[]> quotes = new ArrayList<>();
    for (Extension extension : EcdsaCertificate.extensions(der)) {
      if (Arrays.equals(extension.oid(), CLAIMS)) {
        claims(extension.value());
      } else if (Arrays.equals(extension.oid(), QUOTE)) {
        quotes.add(DerValue.of(extension.value()).expect(Der.OCTET_STRING));
      } else if (Arrays.equals(extension.oid(), SNP)) {
        snp(DerValue.of(extension.value()).elements(Der.SEQUENCE, 2).getFirst());
      }
    }
    for (byte[] quote : quotes) {
      switch (TdxQuote.parse(quote)) {
        case TdxQuote.Parsed parsed -> new QuotePage(page).write(parsed, quote.length);
        case TdxQuote.Malformed malformed ->
            page.field("quote", "unreadable: " + malformed.reason());
      }
    }
  }

  private void snp(DerValue report) throws DerException {
    switch (SnpReport.parse(report.expect(Der.OCTET_STRING))) {
      case SnpReport.Parsed parsed -> new SnpPage(page).write(parsed);
      case SnpReport.Malformed malformed ->
          page.field("SNP report", "unreadable: " + malformed.reason());
    }
  }

  private void platform(PckExtension platform) {
    page.field("FMSPC", platform.fmspc())
        .field("PCEID", platform.pceId())
        .field("PCESVN", platform.pceSvn())
        .field(
            "component SVNs",
            platform.componentSvns().stream()
                .map(String::valueOf)
                .collect(Collectors.joining(" ")));
  }

  /** The fields that every version of claims begins with; later ones are shown as they are. */
  private void claims(byte[] value) throws DerException {
    List<DerValue> fields = DerValue.of(value).elements(Der.SEQUENCE);
    if (fields.size() < 3) {
      throw new DerException("the claims have " + fields.size() + " fields");
    }
    page.field("claims version", fields.get(0).integer())
        .field("role", fields.get(1).text())
        .field("key made at", Instant.ofEpochMilli(fields.get(2).integer().longValue()));
    for (int i = 3; i < fields.size(); i++) {
      page.hex("claim " + (i + 1), fields.get(i).content(), "DER tag " + fields.get(i).tag());
    }
  }

  private static String key(X509Certificate certificate) {
    String algorithm = certificate.getPublicKey().getAlgorithm();
    return certificate.getPublicKey() instanceof ECPublicKey ec
        ? "EC, " + ec.getParams().getOrder().bitLength() + " bits"
        : algorithm;
  }
}
