package org.cocoon.link.evidence;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.cocoon.link.fuzz.FuzzTarget;

/**
 * DER values, certificates and the SGX extension of a platform's certificate. What is read as a
 * value is the one encoding of it.
 */
public final class DerTarget implements FuzzTarget {
  private static final PckExtension EXTENSION =
      new PckExtension(
          List.of(7, 7, 2, 2, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0), 13, "0000", "c0c000000000");

  private final List<byte[]> seeds =
      List.of(certificate(), EXTENSION.toDer(), Der.sequence(Der.integer(-129), Der.text("ü")));

  @Override
  public List<byte[]> seeds() {
    return seeds;
  }

  @Override
  public void take(byte[] input) {
    try {
      DerValue value = DerValue.of(input);
      if (!value.is(input) || !Arrays.equals(Der.value(value.tag(), value.content()), input)) {
        throw new AssertionError("a second encoding of a value was read");
      }
      for (DerValue element : value.elements(value.tag())) {
        readLeaf(element);
      }
    } catch (DerException e) {
      requireSentence(e.getMessage());
    }
    try {
      EcdsaCertificate certificate = EcdsaCertificate.parse(input);
      EcdsaCertificate.extensions(input);
      certificate.signedBy(certificate.x509().getPublicKey());
    } catch (DerException e) {
      requireSentence(e.getMessage());
    }
    try {
      if (!PckExtension.parse(input).fmspc().matches("[0-9a-f]{12}")) {
        throw new AssertionError("an FMSPC is not twelve digits");
      }
    } catch (EvidenceRefusedException e) {
      requireSentence(e.verdict().detail());
    }
  }

  private static void readLeaf(DerValue value) {
    try {
      switch (value.tag()) {
        case Der.INTEGER -> value.integer();
        case Der.UTF8_STRING -> value.text();
        case Der.BIT_STRING -> value.bits();
        default -> value.elements(value.tag());
      }
    } catch (DerException e) {
      requireSentence(e.getMessage());
    }
  }

  private static void requireSentence(@org.jspecify.annotations.Nullable String detail) {
    if (detail == null || detail.isBlank()) {
      throw new AssertionError("a refusal without a sentence");
    }
  }

  private static byte[] certificate() {
    var key = P256.newKeyPair();
    return EcdsaCertificate.issue(
        "subject",
        key.getPublic(),
        "issuer",
        key.getPrivate(),
        Instant.parse("2026-03-01T00:00:00Z"),
        Instant.parse("2056-03-01T00:00:00Z"),
        List.of(
            new EcdsaCertificate.Extension(Der.oid(PckExtension.OID), false, EXTENSION.toDer())));
  }
}
