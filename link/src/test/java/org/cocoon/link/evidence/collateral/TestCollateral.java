package org.cocoon.link.evidence.collateral;

import java.time.Duration;
import java.time.Instant;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.PlatformName;

/**
 * Collateral in the right form and with chosen numbers, which nobody signed: the sources and the
 * memory look at no signature.
 *
 * @param fmspc the platform
 * @param evaluation number of TCB info and QE identity
 * @param crlNumber number of both lists
 * @param issuedAt of all parts
 * @param validFor of all parts
 */
record TestCollateral(
    String fmspc, int evaluation, int crlNumber, Instant issuedAt, Duration validFor) {
  static final Instant START = Instant.parse("2026-01-12T00:00:00Z");
  static final String FMSPC = "90c06f000000";
  static final PlatformName FAMILY = new PlatformName(FMSPC, CaType.PLATFORM);

  TestCollateral() {
    this(FMSPC, 18, 7, START, Duration.ofDays(30));
  }

  TestCollateral ofPlatform(String other) {
    return new TestCollateral(other, evaluation, crlNumber, issuedAt, validFor);
  }

  TestCollateral issued(Instant at) {
    return new TestCollateral(fmspc, evaluation, crlNumber, at, validFor);
  }

  TestCollateral evaluation(int number) {
    return new TestCollateral(fmspc, number, crlNumber, issuedAt, validFor);
  }

  TestCollateral crlNumber(int number) {
    return new TestCollateral(fmspc, evaluation, number, issuedAt, validFor);
  }

  TestCollateral validFor(Duration time) {
    return new TestCollateral(fmspc, evaluation, crlNumber, issuedAt, time);
  }

  Collateral build() {
    return build(CaType.PLATFORM);
  }

  Collateral build(CaType ca) {
    return new Collateral(
        "crl chain\n+/=",
        list("Root CA"),
        list(ca == CaType.PLATFORM ? "PCK Platform CA" : "PCK Processor CA"),
        "tcb chain\n+/=",
        signed("TDX").replace("}", ", \"fmspc\": \"" + fmspc + "\"}"),
        new byte[64],
        "qe chain\n+/=",
        signed("TD_QE"),
        new byte[64]);
  }

  /** Spaces as no writer would set them: they must survive. */
  private String signed(String id) {
    return "{ \"id\":\"%s\",  \"issueDate\": \"%s\",\"nextUpdate\":\"%s\",\"tcbEvaluationDataNumber\":%d }"
        .formatted(id, issuedAt, issuedAt.plus(validFor), evaluation);
  }

  private byte[] list(String issuer) {
    byte[] algorithm = Der.sequence(Der.oid("1.2.840.10045.4.3.2"));
    byte[] name =
        Der.sequence(Der.value(Der.SET, Der.sequence(Der.oid("2.5.4.3"), Der.text(issuer))));
    byte[] number =
        Der.sequence(Der.sequence(Der.oid("2.5.29.20"), Der.octets(Der.integer(crlNumber))));
    byte[] signedPart =
        Der.sequence(
            Der.integer(1),
            algorithm,
            name,
            Der.time(issuedAt),
            Der.time(issuedAt.plus(validFor)),
            Der.tagged(0, number));
    return Der.sequence(signedPart, algorithm, Der.bits(new byte[8]));
  }
}
