package org.cocoon.link.tls;

import java.security.cert.CertificateEncodingException;
import java.util.Arrays;
import java.util.List;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TeeEvidence;
import org.cocoon.link.evidence.simulated.TestNetwork;
import org.cocoon.link.fuzz.FuzzTarget;
import org.cocoon.link.fuzz.FuzzWorkspace;

/** A link certificate: a sound one has the signed part of one that was made, bit by bit. */
public final class LinkCertificateTarget implements FuzzTarget {
  private final List<byte[]> seeds;
  private final List<byte[]> signed;

  /** Makes a certificate, or finds that of an earlier run. */
  public LinkCertificateTarget(FuzzWorkspace workspace) {
    seeds = workspace.seeds("link-certificate", LinkCertificateTarget::fresh);
    signed = seeds.stream().map(LinkCertificateTarget::signedPart).toList();
  }

  @Override
  public List<byte[]> seeds() {
    return seeds;
  }

  @Override
  public void take(byte[] input) {
    switch (LinkCertificate.read(new RawCertificate(input), TestNetwork.NOW)) {
      case LinkCertificate.Sound sound -> {
        if (!FuzzWorkspace.isOneOf(signedPart(input), signed)
            || !sound.claims().equals(new Claims(Role.WORKER, TestNetwork.NOW))) {
          // A fuzzer has no key, so that it cannot sign what it changes.
          throw new AssertionError("a changed certificate is sound");
        }
      }
      case LinkCertificate.Faulty faulty -> {
        if (faulty.detail().isBlank()) {
          throw new AssertionError(faulty.fault() + " without a detail");
        }
      }
    }
  }

  private static List<byte[]> fresh() {
    try {
      Claims claims = new Claims(Role.WORKER, TestNetwork.NOW);
      byte[] quote = new byte[500];
      Arrays.fill(quote, (byte) 0x5a);
      return List.of(
          LinkCertificate.issue(P256.newKeyPair(), claims, new TeeEvidence.Tdx(quote))
              .getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] signedPart(byte[] der) {
    try {
      return EcdsaCertificate.parse(der).signedPart().encoded();
    } catch (DerException e) {
      throw new IllegalStateException("not a certificate", e);
    }
  }
}
