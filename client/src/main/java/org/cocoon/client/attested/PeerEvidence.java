package org.cocoon.client.attested;

import java.security.cert.Certificate;
import java.time.Instant;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.Verdict;

/**
 * What was verified of a router or a key manager.
 *
 * @param verdict on its evidence
 * @param fingerprint SHA-256 of its public key's DER, 64 lower-case hexadecimal digits
 * @param since when this was verified
 */
public record PeerEvidence(Verdict.Trusted verdict, String fingerprint, Instant since) {
  PeerEvidence(Verdict.Trusted verdict, Certificate certificate, Instant since) {
    this(verdict, Digests.sha256Hex(certificate.getPublicKey().getEncoded()), since);
  }

  /** The security level of its platform by its maker's collateral, for example "UpToDate". */
  public String tcbStatus() {
    return verdict.tcb().word();
  }
}
