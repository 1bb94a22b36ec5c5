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
import java.util.Map;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.DerValue;

/**
 * Which issue of its four parts some collateral is, so that none ever goes back.
 *
 * <p>The parts are signed and published apart from each other, and so they are ordered apart.
 *
 * @param family the platforms that it is for
 */
record Edition(PlatformFamily family, Part tcbInfo, Part qeIdentity, Part pckCrl, Part rootCaCrl) {
  private static final String CRL_NUMBER = "2.5.29.20";
  private static final int MAX_NUMBER_DIGITS = 9;

  /**
   * One part.
   *
   * @param name for sentences
   * @param number evaluation number of a TCB, or number of a revocation list
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
    Map<String, String> tcb = members(collateral.tcbInfo(), "tcb info");
    Map<String, String> qe = members(collateral.qeIdentity(), "qe identity");
    X509CRL pckCrl = crl(collateral.pckCrl(), "pck crl");
    CaType ca =
        pckCrl.getIssuerX500Principal().getName().contains("Processor")
            ? CaType.PROCESSOR
            : CaType.PLATFORM;
    String fmspc = JsonMembers.text(tcb, "fmspc").toLowerCase(Locale.ROOT);
    try {
      return new Edition(
          new PlatformFamily(fmspc, ca),
          signedPart("tcb info", tcb),
          signedPart("qe identity", qe),
          crlPart("pck crl", pckCrl),
          crlPart("root crl", crl(collateral.rootCaCrl(), "root crl")));
    } catch (IllegalArgumentException e) {
      throw new IOException("tcb info: " + e.getMessage(), e);
    }
  }

  /** The first end among the parts. */
  Instant validUntil() {
    return parts().stream().map(Part::nextUpdate).min(Comparator.naturalOrder()).orElseThrow();
  }

  List<Part> parts() {
    return List.of(tcbInfo, qeIdentity, pckCrl, rootCaCrl);
  }

  private static Map<String, String> members(String json, String name) throws IOException {
    try {
      return JsonMembers.of(json);
    } catch (IOException e) {
      throw new IOException(name + ": " + e.getMessage(), e);
    }
  }

  private static Part signedPart(String name, Map<String, String> members) throws IOException {
    String number = JsonMembers.required(members, "tcbEvaluationDataNumber");
    if (number.length() > MAX_NUMBER_DIGITS || !number.chars().allMatch(Edition::isDigit)) {
      throw new IOException(name + ": member 'tcbEvaluationDataNumber' is not a count");
    }
    return new Part(
        name,
        new BigInteger(number),
        instant(members, "issueDate"),
        instant(members, "nextUpdate"));
  }

  private static boolean isDigit(int character) {
    return character >= '0' && character <= '9';
  }

  private static Instant instant(Map<String, String> members, String name) throws IOException {
    try {
      return Instant.parse(JsonMembers.text(members, name));
    } catch (DateTimeException e) {
      throw new IOException("member '" + name + "' is not a time", e);
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
    if (number == null || crl.getNextUpdate() == null) {
      throw new IOException(name + ": it has no number or no next update");
    }
    try {
      return new Part(
          name,
          DerValue.of(DerValue.of(number).expect(Der.OCTET_STRING)).integer(),
          crl.getThisUpdate().toInstant(),
          crl.getNextUpdate().toInstant());
    } catch (DerException e) {
      throw new IOException(name + ": its number cannot be read (" + e.getMessage() + ")", e);
    }
  }
}
