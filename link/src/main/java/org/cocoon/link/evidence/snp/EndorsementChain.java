package org.cocoon.link.evidence.snp;

import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.BROKEN_CHAIN;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.CERTIFICATE_MISSING;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.CHAIN_NOT_VALID_NOW;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.ENDORSEMENT_EXTENSION;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.MALFORMED_CERTIFICATES;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.PRODUCT_DIFFERS;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.PRODUCT_NOT_ALLOWED;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.SIMULATED_NOT_ALLOWED;
import static org.cocoon.link.evidence.snp.SnpVerdict.Reason.UNTRUSTED_ROOT;

import java.security.PublicKey;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.P384;
import org.cocoon.link.evidence.SignedCertificate;
import org.cocoon.link.evidence.snp.CertificateTable.Entry;

/**
 * The platform's certificate chain, checked: endorsement key, signing key, and a root pinned by the
 * SHA-256 of its DER.
 *
 * @param endorsementKey VCEK or VLEK
 * @param signingKey ASK or ASVK
 * @param platform what the endorsement key's certificate says of the platform
 * @param minimum the least version that the policy accepts of its product line
 * @param simulated whether the root is one of the policy's simulated ones
 * @param notAfter the first end among the three
 */
record EndorsementChain(
    SignedCertificate endorsementKey,
    SignedCertificate signingKey,
    EndorsementExtensions platform,
    TcbVersion minimum,
    boolean simulated,
    Instant notAfter) {
  /** Every simulated root has this word in its subject. */
  static final String SIMULATED_MARK = "SIMULATED";

  /** In the common name of signing keys of loaded keys, for example "SEV-VLEK-Milan". */
  private static final String LOADED_MARK = "CN=SEV-VLEK-";

  static EndorsementChain verify(
      CertificateTable table, SnpReport.SigningKey kind, SnpPolicy policy, Instant now)
      throws SnpRefusedException {
    Entry leafEntry = kind == SnpReport.SigningKey.VCEK ? Entry.VCEK : Entry.VLEK;
    SignedCertificate leaf = certificate(table, leafEntry);
    SignedCertificate signer = certificate(table, Entry.ASK);
    SignedCertificate root = certificate(table, Entry.ARK);
    Optional<Product> rootProduct = requireTrustedRoot(root, policy);
    for (SignedCertificate certificate : List.of(leaf, signer, root)) {
      requireValidAt(certificate, now);
    }
    // The root's own signature proves nothing: its whole DER is pinned.
    requireIssued(root, signer, 1);
    requireIssued(signer, leaf, 0);
    requireLeaf(leaf);
    requireKind(kind, signer);
    EndorsementExtensions platform = extensions(leaf, kind);
    if (rootProduct.isPresent() && rootProduct.get() != platform.product()) {
      throw new SnpRefusedException(
          PRODUCT_DIFFERS,
          "the root is of " + rootProduct.get() + ", the key of " + platform.product());
    }
    TcbVersion minimum =
        policy
            .minimumFor(platform.product())
            .orElseThrow(
                () ->
                    new SnpRefusedException(
                        PRODUCT_NOT_ALLOWED,
                        "the policy has no least version for " + platform.product()));
    Instant notAfter =
        List.of(leaf, signer, root).stream()
            .map(SignedCertificate::notAfter)
            .min(Instant::compareTo)
            .orElseThrow();
    return new EndorsementChain(leaf, signer, platform, minimum, rootProduct.isEmpty(), notAfter);
  }

  PublicKey key() {
    return endorsementKey.x509().getPublicKey();
  }

  private static SignedCertificate certificate(CertificateTable table, Entry entry)
      throws SnpRefusedException {
    try {
      return table
          .certificate(entry)
          .orElseThrow(
              () ->
                  new SnpRefusedException(
                      CERTIFICATE_MISSING, "the certificate table has no " + entry));
    } catch (DerException e) {
      throw new SnpRefusedException(MALFORMED_CERTIFICATES, String.valueOf(e.getMessage()));
    }
  }

  /** The product line of AMD's root, or empty for an allowed simulated root. */
  private static Optional<Product> requireTrustedRoot(SignedCertificate root, SnpPolicy policy)
      throws SnpRefusedException {
    String hash = Digests.sha256Hex(root.der());
    if (policy.simulatedRoots().contains(hash)) {
      return Optional.empty();
    }
    if (root.subject().contains(SIMULATED_MARK)) {
      throw new SnpRefusedException(
          SIMULATED_NOT_ALLOWED,
          "the simulated root " + hash + " is not in the policy's simulatedRoots");
    }
    Optional<Product> product = Product.ofRoot(hash);
    if (product.isEmpty()) {
      throw new SnpRefusedException(UNTRUSTED_ROOT, "root " + hash + " is not AMD's");
    }
    return product;
  }

  private static void requireValidAt(SignedCertificate certificate, Instant now)
      throws SnpRefusedException {
    if (!certificate.isValidAt(now)) {
      throw new SnpRefusedException(
          CHAIN_NOT_VALID_NOW,
          "'%s' is valid from %s to %s, and it is %s"
              .formatted(
                  certificate.subject(), certificate.notBefore(), certificate.notAfter(), now));
    }
  }

  private static void requireIssued(
      SignedCertificate issuer, SignedCertificate certificate, int casBelow)
      throws SnpRefusedException {
    if (!issuer.mayIssue(casBelow)) {
      throw new SnpRefusedException(
          BROKEN_CHAIN,
          "'" + issuer.subject() + "' may not issue certificates with " + casBelow + " CAs below");
    }
    if (!issuer.issued(certificate)) {
      throw new SnpRefusedException(
          BROKEN_CHAIN,
          "'" + certificate.subject() + "' was not issued by '" + issuer.subject() + "'");
    }
  }

  private static void requireLeaf(SignedCertificate leaf) throws SnpRefusedException {
    boolean[] usage = leaf.x509().getKeyUsage();
    // AMD's endorsement certificates have no key usage at all.
    if (leaf.x509().getBasicConstraints() >= 0
        || leaf.x509().hasUnsupportedCriticalExtension()
        || (usage != null && !usage[0])
        || !P384.isSubjectPublicKey(leaf.x509().getPublicKey().getEncoded())) {
      throw new SnpRefusedException(
          BROKEN_CHAIN, "'" + leaf.subject() + "' is not a P-384 key that may sign reports");
    }
  }

  private static void requireKind(SnpReport.SigningKey kind, SignedCertificate signer)
      throws SnpRefusedException {
    boolean loaded = signer.subject().contains(LOADED_MARK);
    if (loaded != (kind == SnpReport.SigningKey.VLEK)) {
      throw new SnpRefusedException(
          BROKEN_CHAIN, "'" + signer.subject() + "' does not sign keys of kind " + kind);
    }
  }

  private static EndorsementExtensions extensions(SignedCertificate leaf, SnpReport.SigningKey kind)
      throws SnpRefusedException {
    try {
      EndorsementExtensions extensions = EndorsementExtensions.parse(leaf.der());
      boolean chip = kind == SnpReport.SigningKey.VCEK;
      if (extensions.chipId().isPresent() != chip || extensions.provider().isPresent() == chip) {
        throw new DerException("a VCEK must name its chip, and a VLEK its provider instead");
      }
      return extensions;
    } catch (DerException e) {
      throw new SnpRefusedException(
          ENDORSEMENT_EXTENSION, "'" + leaf.subject() + "': " + e.getMessage());
    }
  }
}
