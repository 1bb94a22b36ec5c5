package org.cocoon.link.evidence.collateral;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.security.cert.CRLException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.DerValue;
import org.cocoon.link.evidence.PlatformName;
import org.cocoon.link.evidence.json.Json;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.evidence.json.JsonObject;

/**
 * Which issue of its four parts some collateral is, so that none ever goes back.
 *
 * <p>The parts are signed and published apart from each other, and so they are ordered apart.
 *
 * @param family the platforms that it is for
 */
record Edition(PlatformName family, Part tcbInfo, Part qeIdentity, Part pckCrl, Part rootCaCrl) {
  private static final String CRL_NUMBER = "2.5.29.20";

  /**
   * One part.
   *
   * @param name for sentences
   * @param number evaluation number of a TCB, or number of a revocation list, 0 without one
   * @param issuedAt when it was made
   * @param nextUpdate when it ends
   */
  record Part(String name, BigInteger number, Instant issuedAt, Instant nextUpdate) {
    /** Whether neither its number nor its date goes back behind another issue of this part. */
    boolean follows(Part held) {
      return number.compareTo(held.number) >= 0 && !issuedAt.isBefore(held.issuedAt);
    }

    @Override
    public String toString() {
      return name + " number " + number + " of " + issuedAt;
    }
  }

  /**
   * Reads numbers and dates; nothing is verified.
   *
   * @throws IOException a sentence that names the part that cannot be read
   */
  static Edition of(Collateral collateral) throws IOException {
    JsonObject tcb = json(collateral.tcbInfo(), "tcb info");
    JsonObject qe = json(collateral.qeIdentity(), "qe identity");
    X509CRL pckCrl = crl(collateral.pckCrl(), "pck crl");
    CaType ca =
        pckCrl.getIssuerX500Principal().getName().contains("Processor")
            ? CaType.PROCESSOR
            : CaType.PLATFORM;
    try {
      return new Edition(
          new PlatformName(tcb.text("fmspc").toLowerCase(Locale.ROOT), ca),
          signedPart("tcb info", tcb),
          signedPart("qe identity", qe),
          crlPart("pck crl", pckCrl),
          crlPart("root crl", crl(collateral.rootCaCrl(), "root crl")));
    } catch (JsonException | IllegalArgumentException e) {
      throw new IOException("tcb info or qe identity: " + e.getMessage(), e);
    }
  }

  /** The first end among the parts. */
  Instant validUntil() {
    return parts().stream().map(Part::nextUpdate).min(Comparator.naturalOrder()).orElseThrow();
  }

  List<Part> parts() {
    return List.of(tcbInfo, qeIdentity, pckCrl, rootCaCrl);
  }

  private static JsonObject json(String text, String name) throws IOException {
    try {
      return Json.parse(text);
    } catch (JsonException e) {
      throw new IOException(name + ": " + e.reason(), e);
    }
  }

  private static Part signedPart(String name, JsonObject json) throws JsonException {
    long number = json.whole("tcbEvaluationDataNumber", 0, Integer.MAX_VALUE);
    return new Part(
        name, BigInteger.valueOf(number), instant(json, "issueDate"), instant(json, "nextUpdate"));
  }

  private static Instant instant(JsonObject json, String key) throws JsonException {
    try {
      return Instant.parse(json.text(key));
    } catch (DateTimeException _) {
      throw new JsonException("key '" + key + "' must be a time");
    }
  }

  private static X509CRL crl(byte[] der, String name) throws IOException {
    try {
      // Only what is exactly one DER value: the JDK would read PEM too, and leave a rest unread.
      DerValue.of(der);
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      return (X509CRL) factory.generateCRL(new ByteArrayInputStream(der));
    } catch (DerException | CRLException | CertificateException e) {
      throw new IOException(name + ": it is not a revocation list (" + e.getMessage() + ")", e);
    }
  }

  private static Part crlPart(String name, X509CRL crl) throws IOException {
    byte[] number = crl.getExtensionValue(CRL_NUMBER);
    if (crl.getNextUpdate() == null) {
      throw new IOException(name + ": it has no next update");
    }
    try {
      return new Part(
          name,
          number == null
              ? BigInteger.ZERO
              : DerValue.of(DerValue.of(number).expect(Der.OCTET_STRING)).integer(),
          crl.getThisUpdate().toInstant(),
          crl.getNextUpdate().toInstant());
    } catch (DerException e) {
      throw new IOException(name + ": its number cannot be read (" + e.getMessage() + ")", e);
    }
  }
}
