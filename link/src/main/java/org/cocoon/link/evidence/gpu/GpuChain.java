package org.cocoon.link.evidence.gpu;

import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.BROKEN_CHAIN;
import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.CHAIN_NOT_VALID_NOW;
import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.MALFORMED_CHAIN;
import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.SIMULATED_NOT_ALLOWED;
import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.UNTRUSTED_ROOT;

import java.security.PublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.DerValue;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.P384;
import org.cocoon.link.evidence.SignedCertificate;

/**
 * A device's certificate chain, checked: the firmware's key, the device's, those of NVIDIA's
 * provisioning, and the root of all devices, pinned by the SHA-256 of its DER.
 *
 * @param key signs reports
 * @param firmwareId hash of the firmware that the key was made for, if the certificate has it
 * @param device the device's own number, hexadecimal
 * @param chip first word of the device's common name, which NVIDIA's provisioning signed
 * @param simulated whether the root is one of the policy's simulated ones
 * @param notAfter the first end among all
 */
record GpuChain(
    PublicKey key,
    Optional<String> firmwareId,
    String device,
    String chip,
    boolean simulated,
    Instant notAfter) {
  static final int MIN_LENGTH = 3;
  static final int MAX_LENGTH = 8;

  /** Trusted Computing Group, DICE: the firmware and the device that made a key. */
  static final String DICE_OID = "2.23.133.5.4.1";

  /** Every simulated root has this word in its subject. */
  private static final String SIMULATED_MARK = "SIMULATED";

  private static final byte[] COMMON_NAME = Der.oid("2.5.4.3");
  private static final int HASH_BYTES = 48;

  static GpuChain verify(List<byte[]> ders, GpuPolicy policy, Instant now)
      throws GpuRefusedException {
    List<SignedCertificate> chain = read(ders);
    SignedCertificate leaf = chain.getFirst();
    boolean simulated = requireTrustedRoot(chain.getLast(), policy);
    for (SignedCertificate certificate : chain) {
      requireValidAt(certificate, now);
    }
    // The root's own signature proves nothing: its whole DER is pinned.
    for (int i = 1; i < chain.size(); i++) {
      requireIssued(chain.get(i), chain.get(i - 1), i - 1);
    }
    requireLeaf(leaf);
    SignedCertificate device = chain.get(1);
    try {
      return new GpuChain(
          leaf.x509().getPublicKey(),
          firmwareId(leaf.der()),
          device.x509().getSerialNumber().toString(16),
          chip(device),
          simulated,
          chain.stream().map(SignedCertificate::notAfter).min(Instant::compareTo).orElseThrow());
    } catch (DerException e) {
      throw new GpuRefusedException(MALFORMED_CHAIN, "'" + leaf.subject() + "': " + e.getMessage());
    }
  }

  private static List<SignedCertificate> read(List<byte[]> ders) throws GpuRefusedException {
    if (ders.size() < MIN_LENGTH || ders.size() > MAX_LENGTH) {
      throw new GpuRefusedException(
          MALFORMED_CHAIN,
          "it has " + ders.size() + " certificates, not " + MIN_LENGTH + " to " + MAX_LENGTH);
    }
    List<SignedCertificate> chain = new ArrayList<>(ders.size());
    for (byte[] der : ders) {
      try {
        SignedCertificate certificate = SignedCertificate.parse(der);
        if (certificate.scheme() != SignedCertificate.Scheme.ECDSA_P384_SHA384) {
          throw new DerException("it is not signed with ECDSA P-384");
        }
        chain.add(certificate);
      } catch (DerException e) {
        throw new GpuRefusedException(
            MALFORMED_CHAIN, "certificate " + chain.size() + ": " + e.getMessage());
      }
    }
    return chain;
  }

  private static boolean requireTrustedRoot(SignedCertificate root, GpuPolicy policy)
      throws GpuRefusedException {
    String hash = Digests.sha256Hex(root.der());
    if (policy.simulatedRoots().contains(hash)) {
      return true;
    }
    if (root.subject().contains(SIMULATED_MARK)) {
      throw new GpuRefusedException(
          SIMULATED_NOT_ALLOWED,
          "the simulated root " + hash + " is not in the policy's simulatedRoots");
    }
    if (!hash.equals(GpuPolicy.NVIDIA_DEVICE_ROOT)) {
      throw new GpuRefusedException(
          UNTRUSTED_ROOT, "root " + hash + " is not NVIDIA's root of devices");
    }
    return false;
  }

  private static void requireValidAt(SignedCertificate certificate, Instant now)
      throws GpuRefusedException {
    if (!certificate.isValidAt(now)) {
      throw new GpuRefusedException(
          CHAIN_NOT_VALID_NOW,
          "'%s' is valid from %s to %s, and it is %s"
              .formatted(
                  certificate.subject(), certificate.notBefore(), certificate.notAfter(), now));
    }
  }

  private static void requireIssued(
      SignedCertificate issuer, SignedCertificate certificate, int casBelow)
      throws GpuRefusedException {
    if (!issuer.mayIssue(casBelow)) {
      throw new GpuRefusedException(
          BROKEN_CHAIN,
          "'" + issuer.subject() + "' may not issue certificates with " + casBelow + " CAs below");
    }
    if (!issuer.issued(certificate)) {
      throw new GpuRefusedException(
          BROKEN_CHAIN,
          "'" + certificate.subject() + "' was not issued by '" + issuer.subject() + "'");
    }
  }

  private static void requireLeaf(SignedCertificate leaf) throws GpuRefusedException {
    boolean[] usage = leaf.x509().getKeyUsage();
    if (leaf.x509().getBasicConstraints() >= 0
        || leaf.x509().hasUnsupportedCriticalExtension()
        || usage == null
        || !usage[0]
        || !P384.isSubjectPublicKey(leaf.x509().getPublicKey().getEncoded())) {
      throw new GpuRefusedException(
          BROKEN_CHAIN, "'" + leaf.subject() + "' is not a P-384 key that may sign reports");
    }
  }

  /**
   * {@code SEQUENCE { version, SubjectPublicKeyInfo, SEQUENCE { hash algorithm, OCTET STRING } }}.
   */
  private static Optional<String> firmwareId(byte[] certificate) throws DerException {
    byte[] oid = Der.oid(DICE_OID);
    Optional<String> found = Optional.empty();
    for (EcdsaCertificate.Extension extension : EcdsaCertificate.extensions(certificate)) {
      if (Arrays.equals(extension.oid(), oid)) {
        if (found.isPresent()) {
          throw new DerException("the firmware's extension is there twice");
        }
        DerValue firmware = DerValue.of(extension.value()).elements(Der.SEQUENCE, 3).getLast();
        byte[] hash = firmware.elements(Der.SEQUENCE, 2).getLast().expect(Der.OCTET_STRING);
        if (hash.length != HASH_BYTES) {
          throw new DerException("the firmware's hash has not " + HASH_BYTES + " bytes");
        }
        found = Optional.of(HexFormat.of().formatHex(hash));
      }
    }
    return found;
  }

  private static String chip(SignedCertificate device) throws DerException {
    DerValue name = DerValue.of(device.x509().getSubjectX500Principal().getEncoded());
    for (DerValue set : name.elements(Der.SEQUENCE)) {
      List<DerValue> part = set.elements(Der.SET, 1).getFirst().elements(Der.SEQUENCE, 2);
      if (part.getFirst().is(COMMON_NAME)) {
        return part.getLast().text().split(" ", 2)[0];
      }
    }
    throw new DerException("the device has no common name");
  }
}
