package org.cocoon.link.evidence;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * The rules of certificate chains, which quotes and collateral share; only the reasons of refusal
 * differ.
 *
 * @param malformed for text that is not so many certificates
 * @param notValidNow for a certificate that is not yet, or no longer, valid
 * @param broken for a certificate that the next one did not issue, or that may not do what it does
 */
record ChainRules(Verdict.Reason malformed, Verdict.Reason notValidNow, Verdict.Reason broken) {
  /** Of the chain in a quote. */
  static final ChainRules PLATFORM =
      new ChainRules(
          Verdict.Reason.MALFORMED_CHAIN,
          Verdict.Reason.CHAIN_NOT_VALID_NOW,
          Verdict.Reason.BROKEN_CHAIN);

  /** Of the chains that come with collateral. */
  static final ChainRules COLLATERAL =
      new ChainRules(
          Verdict.Reason.MALFORMED_COLLATERAL,
          Verdict.Reason.COLLATERAL_CHAIN_NOT_VALID_NOW,
          Verdict.Reason.COLLATERAL_CHAIN);

  private static final String BEGIN = "-----BEGIN CERTIFICATE-----";
  private static final String END = "-----END CERTIFICATE-----";
  private static final int KEY_USAGE_DIGITAL_SIGNATURE = 0;
  private static final int KEY_USAGE_CERT_SIGN = 5;
  private static final int KEY_USAGE_CRL_SIGN = 6;

  /** Reads PEM text that holds exactly so many certificates and line ends, and nothing else. */
  List<EcdsaCertificate> read(String pem, int count) throws EvidenceRefusedException {
    // Intel ends the text with a NUL that counts as part of it.
    String text = pem.endsWith("\0") ? pem.substring(0, pem.length() - 1) : pem;
    List<EcdsaCertificate> chain = new ArrayList<>(count);
    int at = 0;
    while (!withoutLineEnds(text.substring(at)).isEmpty()) {
      int begin = text.indexOf(BEGIN, at);
      int end = begin < 0 ? -1 : text.indexOf(END, begin + BEGIN.length());
      if (end < 0 || !withoutLineEnds(text.substring(at, begin)).isEmpty()) {
        throw malformed("it is not a row of PEM certificates");
      }
      if (chain.size() == count) {
        throw malformed("it has more than " + count + " certificates");
      }
      chain.add(certificate(text.substring(begin + BEGIN.length(), end)));
      at = end + END.length();
    }
    if (chain.size() != count) {
      throw malformed("it has " + chain.size() + " certificates, not " + count);
    }
    return chain;
  }

  /** A root, pinned elsewhere by its whole DER, which is why its own signature proves nothing. */
  void requireRoot(EcdsaCertificate root) throws EvidenceRefusedException {
    requireForm(root.x509());
    requireIssuer(root.x509(), 1);
  }

  /** A certificate that the root issued so that it may issue others and list the revoked. */
  void requireIntermediate(EcdsaCertificate intermediate, EcdsaCertificate root)
      throws EvidenceRefusedException {
    requireForm(intermediate.x509());
    requireIssuer(intermediate.x509(), 0);
    requireIssuedBy(intermediate, root);
  }

  /** A certificate that may sign, but not issue. */
  void requireLeaf(EcdsaCertificate leaf, EcdsaCertificate issuer) throws EvidenceRefusedException {
    requireForm(leaf.x509());
    requireIssuedBy(leaf, issuer);
    if (leaf.x509().getBasicConstraints() >= 0
        || !leaf.x509().getKeyUsage()[KEY_USAGE_DIGITAL_SIGNATURE]) {
      throw broken(leaf.x509(), "is not one that may sign, and only that");
    }
  }

  void requireValidAt(List<EcdsaCertificate> chain, Instant now) throws EvidenceRefusedException {
    for (EcdsaCertificate certificate : chain) {
      Instant from = certificate.x509().getNotBefore().toInstant();
      Instant until = certificate.x509().getNotAfter().toInstant();
      if (now.isBefore(from) || now.isAfter(until)) {
        throw new EvidenceRefusedException(
            notValidNow,
            name(certificate.x509())
                + " is valid from "
                + from
                + " to "
                + until
                + ", and it is "
                + now);
      }
    }
  }

  /** The first end among the certificates. */
  static Instant notAfter(List<EcdsaCertificate> chain) {
    return chain.stream()
        .map(certificate -> certificate.x509().getNotAfter().toInstant())
        .min(Instant::compareTo)
        .orElseThrow();
  }

  /** The subject in quotes, for messages. */
  static String name(X509Certificate certificate) {
    return "'" + certificate.getSubjectX500Principal().getName() + "'";
  }

  EvidenceRefusedException malformed(String detail) {
    return new EvidenceRefusedException(malformed, "the certificate chain: " + detail);
  }

  private static String withoutLineEnds(String text) {
    return text.replace("\r", "").replace("\n", "");
  }

  private EcdsaCertificate certificate(String base64) throws EvidenceRefusedException {
    try {
      return EcdsaCertificate.parse(Base64.getDecoder().decode(withoutLineEnds(base64)));
    } catch (DerException | IllegalArgumentException e) {
      throw malformed("a certificate cannot be read: " + e.getMessage());
    }
  }

  private void requireForm(X509Certificate certificate) throws EvidenceRefusedException {
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

  private void requireIssuer(X509Certificate certificate, int casBelow)
      throws EvidenceRefusedException {
    boolean[] usage = certificate.getKeyUsage();
    // getBasicConstraints is -1 for a certificate that may not issue.
    if (certificate.getBasicConstraints() < casBelow
        || !usage[KEY_USAGE_CERT_SIGN]
        || !usage[KEY_USAGE_CRL_SIGN]) {
      throw broken(
          certificate,
          "may not issue certificates with " + casBelow + " CAs below it, and list the revoked");
    }
  }

  private void requireIssuedBy(EcdsaCertificate certificate, EcdsaCertificate issuer)
      throws EvidenceRefusedException {
    byte[] issuerName = certificate.x509().getIssuerX500Principal().getEncoded();
    if (!Arrays.equals(issuerName, issuer.x509().getSubjectX500Principal().getEncoded())) {
      throw broken(certificate.x509(), "names another issuer than " + name(issuer.x509()));
    }
    if (!certificate.signedBy(issuer.x509().getPublicKey())) {
      throw broken(certificate.x509(), "was not signed by " + name(issuer.x509()));
    }
  }

  private EvidenceRefusedException broken(X509Certificate certificate, String detail) {
    return new EvidenceRefusedException(broken, name(certificate) + " " + detail);
  }
}
