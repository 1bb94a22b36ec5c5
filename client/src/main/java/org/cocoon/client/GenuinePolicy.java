package org.cocoon.client;

import java.io.IOException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TcbStatus;
import org.cocoon.link.evidence.TdxQuote;

/**
 * The policy of who only asks whether a quote is genuine: Intel's root, every status but Revoked,
 * every advisory, and of image, module and features what the quote itself says. What no policy may
 * allow, such as a trust domain that can be debugged, it does not allow either.
 */
final class GenuinePolicy {
  private static final int MAX_ROOT_BYTES = 64 * 1024;

  /** Every simulated root has this word in its subject. */
  private static final String SIMULATED_MARK = "SIMULATED";

  private GenuinePolicy() {}

  static Policy of(Optional<TdxQuote.Parsed> quote, Set<String> advisories) {
    Set<TcbStatus> statuses = EnumSet.complementOf(EnumSet.of(TcbStatus.REVOKED));
    Policy policy =
        Policy.NOTHING
            .withRoots(Set.of(Policy.INTEL_SGX_ROOT), Set.of())
            .withTcb(new Policy.Tcb(statuses, 0, advisories));
    if (quote.isEmpty()) {
      return policy;
    }
    Measurements domain = quote.get().measurements();
    return policy
        .withDomains(
            new Policy.Domains(
                Set.of(domain.tdAttributes()), Set.of(domain.xfam()), Set.of(domain.mrSeam())))
        .withImages(Map.of(Role.WORKER, Set.of(domain.imageHash())));
  }

  /**
   * The same policy under one root alone.
   *
   * @throws IOException a sentence, if the file cannot be read or is no certificate
   */
  static Policy withRoot(Policy policy, String file, Terminal terminal) throws IOException {
    byte[] bytes = EvidenceFile.read(file, terminal, MAX_ROOT_BYTES);
    List<X509Certificate> certificates = CertificatePage.read(bytes);
    if (bytes.length > MAX_ROOT_BYTES || certificates.size() != 1) {
      throw new IOException(file + " is not one certificate in PEM or DER");
    }
    X509Certificate root = certificates.getFirst();
    try {
      Set<String> hash = Set.of(Digests.sha256Hex(root.getEncoded()));
      return root.getSubjectX500Principal().getName().contains(SIMULATED_MARK)
          ? policy.withRoots(Set.of(), hash)
          : policy.withRoots(hash, Set.of());
    } catch (CertificateEncodingException e) {
      throw new IOException(file + " cannot be encoded again", e);
    }
  }

  /** The first role whose list has the quote's image; the worker's where none has. */
  static Role roleOf(Policy policy, Optional<TdxQuote.Parsed> quote) {
    String hash = quote.map(q -> q.measurements().imageHash()).orElse("");
    for (Role role : Role.values()) {
      if (policy.imagesOf(role).contains(hash)) {
        return role;
      }
    }
    return Role.WORKER;
  }
}
