package org.cocoon.link.evidence;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * The platform's certificate chain, checked: platform, intermediate, and a root that the policy
 * pins by the SHA-256 of its DER.
 *
 * @param platformKey signs reports of the quoting enclave
 * @param platform what the leaf says of the platform
 * @param simulated whether the root is one of the policy's simulated ones
 * @param notAfter the first end among the three
 */
record PckChain(PublicKey platformKey, PckExtension platform, boolean simulated, Instant notAfter) {
  /** Every simulated root has this word in its subject. */
  static final String SIMULATED_MARK = "SIMULATED";

  private static final String BEGIN = "-----BEGIN CERTIFICATE-----";
  private static final String END = "-----END CERTIFICATE-----";
  private static final int LENGTH = 3;
  private static final int KEY_USAGE_DIGITAL_SIGNATURE = 0;
  private static final int KEY_USAGE_CERT_SIGN = 5;

  static PckChain verify(byte[] pem, Policy policy, Instant now) throws EvidenceRefusedException {
    List<EcdsaCertificate> chain = read(pem);
    EcdsaCertificate leaf = chain.get(0);
    EcdsaCertificate intermediate = chain.get(1);
    EcdsaCertificate root = chain.get(2);
    boolean simulated = requireTrustedRoot(root.x509(), policy);
    for (EcdsaCertificate certificate : chain) {
      requireValidAt(certificate.x509(), now);
      requireForm(certificate.x509());
    }
    // The root's own signature proves nothing: its whole DER is pinned.
    requireIssuer(root.x509(), 1);
    requireIssuer(intermediate.x509(), 0);
    requireIssuedBy(intermediate, root);
    requireIssuedBy(leaf, intermediate);
    requireLeaf(leaf.x509());
    Instant notAfter =
        chain.stream()
            .map(c -> c.x509().getNotAfter().toInstant())
            .min(Instant::compareTo)
            .orElseThrow();
    return new PckChain(leaf.x509().getPublicKey(), platform(leaf.x509()), simulated, notAfter);
  }

  private static List<EcdsaCertificate> read(byte[] pem) throws EvidenceRefusedException {
    // Intel ends the text with a NUL that counts as part of it.
    String text = new String(pem, ISO_8859_1).replace('\0', '\n');
    List<EcdsaCertificate> chain = new ArrayList<>(LENGTH);
    int at = 0;
    while (!text.substring(at).isBlank()) {
      int begin = text.indexOf(BEGIN, at);
      int end = text.indexOf(END, at);
      if (begin < 0 || end < begin || !text.substring(at, begin).isBlank()) {
        throw malformed("it is not a row of PEM certificates");
      }
      if (chain.size() == LENGTH) {
        throw malformed("it has more than three certificates");
      }
      chain.add(certificate(text.substring(begin + BEGIN.length(), end)));
      at = end + END.length();
    }
    if (chain.size() != LENGTH) {
      throw malformed("it has " + chain.size() + " certificates, not platform, CA and root");
    }
    return chain;
  }

  private static EcdsaCertificate certificate(String base64) throws EvidenceRefusedException {
    try {
      return EcdsaCertificate.parse(Base64.getDecoder().decode(base64.replaceAll("\\s", "")));
    } catch (DerException | IllegalArgumentException e) {
      throw malformed("a certificate cannot be read: " + e.getMessage());
    }
  }

  private static boolean requireTrustedRoot(X509Certificate root, Policy policy)
      throws EvidenceRefusedException {
    String hash = Digests.sha256Hex(encoded(root));
    boolean marked = root.getSubjectX500Principal().getName().contains(SIMULATED_MARK);
    if (policy.simulatedRoots().contains(hash)) {
      return true;
    }
    if (marked) {
      throw new EvidenceRefusedException(
          Verdict.Reason.SIMULATED_NOT_ALLOWED,
          "the simulated root " + hash + " is not in the policy's simulatedRoots");
    }
    if (!policy.trustedRoots().contains(hash)) {
      throw new EvidenceRefusedException(
          Verdict.Reason.UNTRUSTED_ROOT, "root " + hash + " is not in the policy's trustedRoots");
    }
    return false;
  }

  private static void requireValidAt(X509Certificate certificate, Instant now)
      throws EvidenceRefusedException {
    Instant from = certificate.getNotBefore().toInstant();
    Instant until = certificate.getNotAfter().toInstant();
    if (now.isBefore(from) || now.isAfter(until)) {
      throw new EvidenceRefusedException(
          Verdict.Reason.CHAIN_NOT_VALID_NOW,
          name(certificate) + " is valid from " + from + " to " + until + ", and it is " + now);
    }
  }

  private static void requireForm(X509Certificate certificate) throws EvidenceRefusedException {
    if (certificate.getVersion() != 3
        || certificate.getKeyUsage() == null
        || certificate.hasUnsupportedCriticalExtension()) {
      throw broken(
          certificate, "is not version 3, has no key usage or an unknown critical extension");
    }
    if (!P256.isSubjectPublicKey(certificate.getPublicKey().getEncoded())) {
      throw broken(certificate, "has a key that is not P-256");
    }
  }

  private static void requireIssuer(X509Certificate certificate, int casBelow)
      throws EvidenceRefusedException {
    // getBasicConstraints is -1 for a certificate that may not issue.
    if (certificate.getBasicConstraints() < casBelow
        || !certificate.getKeyUsage()[KEY_USAGE_CERT_SIGN]) {
      throw broken(certificate, "may not issue certificates with " + casBelow + " CAs below it");
    }
  }

  private static void requireLeaf(X509Certificate leaf) throws EvidenceRefusedException {
    if (leaf.getBasicConstraints() >= 0 || !leaf.getKeyUsage()[KEY_USAGE_DIGITAL_SIGNATURE]) {
      throw broken(leaf, "is not a platform's certificate that may sign");
    }
  }

  private static void requireIssuedBy(EcdsaCertificate certificate, EcdsaCertificate issuer)
      throws EvidenceRefusedException {
    byte[] issuerName = certificate.x509().getIssuerX500Principal().getEncoded();
    if (!Arrays.equals(issuerName, issuer.x509().getSubjectX500Principal().getEncoded())) {
      throw broken(certificate.x509(), "names another issuer than " + name(issuer.x509()));
    }
    if (!certificate.signedBy(issuer.x509().getPublicKey())) {
      throw broken(certificate.x509(), "was not signed by " + name(issuer.x509()));
    }
  }

  private static PckExtension platform(X509Certificate leaf) throws EvidenceRefusedException {
    byte[] value = leaf.getExtensionValue(PckExtension.OID);
    if (value == null) {
      throw new EvidenceRefusedException(
          Verdict.Reason.PLATFORM_EXTENSION, name(leaf) + " has no SGX extension");
    }
    try {
      return PckExtension.parse(DerValue.of(value).expect(Der.OCTET_STRING));
    } catch (DerException e) {
      throw malformed(String.valueOf(e.getMessage()));
    }
  }

  private static byte[] encoded(X509Certificate certificate) throws EvidenceRefusedException {
    try {
      return certificate.getEncoded();
    } catch (CertificateException e) {
      throw malformed("a certificate cannot be encoded: " + e.getMessage());
    }
  }

  private static String name(X509Certificate certificate) {
    return "'" + certificate.getSubjectX500Principal().getName() + "'";
  }

  private static EvidenceRefusedException broken(X509Certificate certificate, String detail) {
    return new EvidenceRefusedException(
        Verdict.Reason.BROKEN_CHAIN, name(certificate) + " " + detail);
  }

  private static EvidenceRefusedException malformed(String detail) {
    return new EvidenceRefusedException(
        Verdict.Reason.MALFORMED_CHAIN, "the certificate chain: " + detail);
  }
}
