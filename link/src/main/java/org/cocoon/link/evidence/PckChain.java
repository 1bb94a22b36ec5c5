package org.cocoon.link.evidence;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.math.BigInteger;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * The platform's certificate chain, checked: platform, intermediate, and a root that the policy
 * pins by the SHA-256 of its DER.
 *
 * @param leaf the platform's certificate, whose key signs reports of the quoting enclave
 * @param intermediate the Processor or Platform CA that issued it
 * @param rootHash SHA-256 of the root's DER in hexadecimal
 * @param platform what the leaf says of the platform
 * @param ca which CA the intermediate is
 * @param simulated whether the root is one of the policy's simulated ones
 * @param notAfter the first end among the three
 */
record PckChain(
    X509Certificate leaf,
    X509Certificate intermediate,
    String rootHash,
    PckExtension platform,
    CaType ca,
    boolean simulated,
    Instant notAfter) {
  /** Every simulated root has this word in its subject. */
  static final String SIMULATED_MARK = "SIMULATED";

  private static final ChainRules RULES = ChainRules.PLATFORM;
  private static final int LENGTH = 3;

  static PckChain verify(byte[] pem, Policy policy, Instant now) throws EvidenceRefusedException {
    List<EcdsaCertificate> chain = read(pem);
    EcdsaCertificate leaf = chain.get(0);
    EcdsaCertificate intermediate = chain.get(1);
    EcdsaCertificate root = chain.get(2);
    String rootHash = hash(root.x509());
    boolean simulated = requireTrustedRoot(root.x509(), rootHash, policy);
    RULES.requireValidAt(chain, now);
    RULES.requireRoot(root);
    RULES.requireIntermediate(intermediate, root);
    RULES.requireLeaf(leaf, intermediate);
    return new PckChain(
        leaf.x509(),
        intermediate.x509(),
        rootHash,
        platform(leaf.x509()),
        ca(intermediate.x509()),
        simulated,
        ChainRules.notAfter(chain));
  }

  /** What the chain says, before anything in it is believed. */
  static PlatformName unverifiedName(byte[] pem) throws EvidenceRefusedException {
    List<EcdsaCertificate> chain = read(pem);
    return new PlatformName(platform(chain.get(0).x509()).fmspc(), ca(chain.get(1).x509()));
  }

  PublicKey platformKey() {
    return leaf.getPublicKey();
  }

  PlatformName name() {
    return new PlatformName(platform.fmspc(), ca);
  }

  BigInteger serial() {
    return leaf.getSerialNumber();
  }

  /** SHA-256 of a certificate's DER in hexadecimal, as policies name roots. */
  static String hash(X509Certificate certificate) throws EvidenceRefusedException {
    try {
      return Digests.sha256Hex(certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw RULES.malformed("a certificate cannot be encoded: " + e.getMessage());
    }
  }

  /** Which CA a certificate is, by its common name. */
  static CaType ca(X509Certificate certificate) throws EvidenceRefusedException {
    String name = certificate.getSubjectX500Principal().getName();
    for (CaType type : CaType.values()) {
      if (name.contains(type.mark())) {
        return type;
      }
    }
    throw new EvidenceRefusedException(
        Verdict.Reason.BROKEN_CHAIN,
        ChainRules.name(certificate) + " is neither a Processor CA nor a Platform CA");
  }

  private static List<EcdsaCertificate> read(byte[] pem) throws EvidenceRefusedException {
    return RULES.read(new String(pem, ISO_8859_1), LENGTH);
  }

  private static boolean requireTrustedRoot(X509Certificate root, String hash, Policy policy)
      throws EvidenceRefusedException {
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

  private static PckExtension platform(X509Certificate leaf) throws EvidenceRefusedException {
    byte[] value = leaf.getExtensionValue(PckExtension.OID);
    if (value == null) {
      throw new EvidenceRefusedException(
          Verdict.Reason.PLATFORM_EXTENSION, ChainRules.name(leaf) + " has no SGX extension");
    }
    try {
      return PckExtension.parse(DerValue.of(value).expect(Der.OCTET_STRING));
    } catch (DerException e) {
      throw RULES.malformed(String.valueOf(e.getMessage()));
    }
  }
}
