package org.cocoon.link.tls;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.DerValue;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EcdsaCertificate.Extension;
import org.cocoon.link.evidence.TeeEvidence;

/** The extensions of a link certificate, or what is wrong with them. */
sealed interface LinkExtensions {
  /** Those that may be critical. */
  List<byte[]> KNOWN =
      List.of(
          LinkCertificate.QUOTE,
          LinkCertificate.CLAIMS,
          LinkCertificate.GPU_BUNDLE,
          LinkCertificate.SNP);

  /**
   * A TEE's evidence and claims are there, once each, and GPU evidence at most once and as claimed.
   *
   * @param evidence the TEE's
   * @param claims the claims
   * @param claimsDer the claims as they are in the certificate
   * @param gpuBundle the evidence of its GPUs, whose digest the claims name
   */
  record Found(TeeEvidence evidence, Claims claims, byte[] claimsDer, Optional<byte[]> gpuBundle)
      implements LinkExtensions {}

  /**
   * They are not in order.
   *
   * @param fault the rule that is broken
   * @param detail what was found
   */
  record Faulty(CertificateFault fault, String detail) implements LinkExtensions {}

  /** Finds them among all extensions; no other may be critical. */
  static LinkExtensions of(List<Extension> extensions) {
    for (Extension extension : extensions) {
      if (extension.critical() && KNOWN.stream().noneMatch(oid -> is(extension, oid))) {
        return new Faulty(
            CertificateFault.UNKNOWN_CRITICAL_EXTENSION,
            "an extension is critical that is neither a TEE's evidence nor claims nor GPU evidence");
      }
    }
    List<Extension> tees =
        extensions.stream()
            .filter(e -> is(e, LinkCertificate.QUOTE) || is(e, LinkCertificate.SNP))
            .toList();
    if (tees.size() != 1) {
      return new Faulty(
          CertificateFault.QUOTE_EXTENSION, tees.size() + " quotes or reports, not one");
    }
    List<byte[]> claims = values(extensions, LinkCertificate.CLAIMS);
    if (claims.size() != 1) {
      return new Faulty(CertificateFault.CLAIMS_EXTENSION, claims.size() + " claims, not one");
    }
    Extension tee = tees.getFirst();
    boolean snp = is(tee, LinkCertificate.SNP);
    TeeEvidence evidence;
    try {
      DerValue value = DerValue.of(tee.value());
      evidence = snp ? snp(value) : new TeeEvidence.Tdx(value.expect(Der.OCTET_STRING));
    } catch (DerException e) {
      return new Faulty(
          snp ? CertificateFault.SNP_EXTENSION : CertificateFault.QUOTE_EXTENSION,
          String.valueOf(e.getMessage()));
    }
    try {
      return withGpus(
          evidence,
          Claims.parse(claims.getFirst()),
          claims.getFirst(),
          values(extensions, LinkCertificate.GPU_BUNDLE));
    } catch (DerException e) {
      return new Faulty(CertificateFault.CLAIMS_EXTENSION, String.valueOf(e.getMessage()));
    }
  }

  private static TeeEvidence snp(DerValue value) throws DerException {
    List<DerValue> fields = value.elements(Der.SEQUENCE, 2);
    return new TeeEvidence.Snp(
        fields.getFirst().expect(Der.OCTET_STRING), fields.getLast().expect(Der.OCTET_STRING));
  }

  private static LinkExtensions withGpus(
      TeeEvidence evidence, Claims claims, byte[] claimsDer, List<byte[]> bundles) {
    if (bundles.size() > 1) {
      return new Faulty(CertificateFault.GPU_EXTENSION, bundles.size() + " bundles, not one");
    }
    Optional<byte[]> bundle = bundles.stream().findFirst();
    if (!bundle.map(Digests::sha256Hex).equals(claims.gpuDigest())) {
      return new Faulty(
          CertificateFault.GPU_EXTENSION, "the claims do not name this bundle of GPU evidence");
    }
    return new Found(evidence, claims, claimsDer, bundle);
  }

  private static List<byte[]> values(List<Extension> extensions, byte[] oid) {
    return extensions.stream()
        .filter(extension -> is(extension, oid))
        .map(Extension::value)
        .toList();
  }

  private static boolean is(Extension extension, byte[] oid) {
    return Arrays.equals(extension.oid(), oid);
  }
}
