package org.cocoon.link.evidence;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Collateral whose signatures all hold under one root. Made once for each object, since six ECDSA
 * verifications take longer than a quote's own; what depends on the time or on the platform is
 * asked on every check.
 *
 * <p>Which root that is does not matter here: {@link #requireFor} holds it against the root of a
 * quote's chain, which the policy pins.
 */
final class CheckedCollateral {
  private static final ChainRules RULES = ChainRules.COLLATERAL;

  private final List<EcdsaCertificate> certificates;
  private final X509Certificate ca;
  private final String rootHash;
  private final RevocationList rootCrl;
  private final RevocationList pckCrl;
  private final TcbInfo tcbInfo;
  private final QeIdentity qeIdentity;

  private CheckedCollateral(
      List<EcdsaCertificate> certificates,
      X509Certificate ca,
      String rootHash,
      RevocationList rootCrl,
      RevocationList pckCrl,
      TcbInfo tcbInfo,
      QeIdentity qeIdentity)
      throws EvidenceRefusedException {
    this.certificates = certificates;
    this.ca = ca;
    this.rootHash = rootHash;
    this.rootCrl = rootCrl;
    this.pckCrl = pckCrl;
    this.tcbInfo = tcbInfo;
    this.qeIdentity = qeIdentity;
  }

  /** Checks all that depends neither on the time nor on the platform. */
  static CheckedCollateral of(Collateral collateral) throws EvidenceRefusedException {
    List<EcdsaCertificate> crlChain = RULES.read(collateral.pckCrlIssuerChain(), 2);
    List<EcdsaCertificate> tcbChain = RULES.read(collateral.tcbInfoIssuerChain(), 2);
    // Intel signs both documents with one key, so their chains are usually one text.
    boolean oneSigner = collateral.qeIdentityIssuerChain().equals(collateral.tcbInfoIssuerChain());
    List<EcdsaCertificate> qeChain =
        oneSigner ? tcbChain : RULES.read(collateral.qeIdentityIssuerChain(), 2);
    EcdsaCertificate root = crlChain.getLast();
    RULES.requireRoot(root);
    RULES.requireIntermediate(crlChain.getFirst(), root);
    RevocationList rootCrl = crl("the root's CRL", collateral.rootCaCrl(), root.x509());
    RevocationList pckCrl = crl("the PCK CRL", collateral.pckCrl(), crlChain.getFirst().x509());
    PublicKey tcbSigner = signer("the TCB info's", tcbChain, root);
    requireSigned(
        Verdict.Reason.TCB_INFO_SIGNATURE,
        tcbSigner,
        collateral.tcbInfoSignature(),
        collateral.tcbInfo());
    PublicKey qeSigner =
        oneSigner ? tcbSigner : signer("the quoting enclave identity's", qeChain, root);
    requireSigned(
        Verdict.Reason.QE_IDENTITY_SIGNATURE,
        qeSigner,
        collateral.qeIdentitySignature(),
        collateral.qeIdentity());
    return new CheckedCollateral(
        Stream.of(crlChain, tcbChain, qeChain).flatMap(List::stream).toList(),
        crlChain.getFirst().x509(),
        PckChain.hash(root.x509()),
        rootCrl,
        pckCrl,
        TcbInfo.parse(collateral.tcbInfo()),
        QeIdentity.parse(collateral.qeIdentity()));
  }

  /**
   * Checks what depends on the time and on the platform's chain: the root, each validity, and that
   * nobody in the chains is revoked.
   */
  void requireFor(PckChain chain, Instant now) throws EvidenceRefusedException {
    if (!rootHash.equals(chain.rootHash())) {
      throw new EvidenceRefusedException(
          Verdict.Reason.COLLATERAL_ROOT,
          "the collateral is under root " + rootHash + ", the quote under " + chain.rootHash());
    }
    requireSameCa(chain);
    RULES.requireValidAt(certificates, now);
    requireCurrent("the root's CRL", rootCrl, now);
    requireCurrent("the PCK CRL", pckCrl, now);
    requireCurrent("the TCB info", tcbInfo.issueDate(), tcbInfo.nextUpdate(), now);
    requireCurrent(
        "the quoting enclave's identity", qeIdentity.issueDate(), qeIdentity.nextUpdate(), now);
    requireNotRevoked(chain);
  }

  /** What the collateral says of the platform of a quote. */
  PlatformTcb.Checked evaluate(PckChain chain, TdxQuote.Parsed quote)
      throws EvidenceRefusedException {
    return new TcbEvaluation(tcbInfo, qeIdentity, chain.platform()).evaluate(quote);
  }

  /** The first end among certificates, revocation lists and documents. */
  Instant notAfter() {
    return Stream.of(
            ChainRules.notAfter(certificates),
            rootCrl.nextUpdate(),
            pckCrl.nextUpdate(),
            tcbInfo.nextUpdate(),
            qeIdentity.nextUpdate())
        .min(Instant::compareTo)
        .orElseThrow();
  }

  private static RevocationList crl(String name, byte[] der, X509Certificate issuer)
      throws EvidenceRefusedException {
    RevocationList list;
    try {
      list = RevocationList.parse(der);
    } catch (DerException e) {
      throw new EvidenceRefusedException(
          Verdict.Reason.MALFORMED_COLLATERAL, name + ": " + e.getMessage());
    }
    if (!Arrays.equals(list.issuer(), issuer.getSubjectX500Principal().getEncoded())) {
      throw new EvidenceRefusedException(
          Verdict.Reason.CRL_ISSUER,
          name + " names another issuer than " + ChainRules.name(issuer));
    }
    if (!list.signedBy(issuer.getPublicKey())) {
      throw new EvidenceRefusedException(
          Verdict.Reason.CRL_SIGNATURE, name + " was not signed by " + ChainRules.name(issuer));
    }
    return list;
  }

  private static PublicKey signer(String whose, List<EcdsaCertificate> chain, EcdsaCertificate root)
      throws EvidenceRefusedException {
    String signersRoot = PckChain.hash(chain.getLast().x509());
    if (!signersRoot.equals(PckChain.hash(root.x509()))) {
      throw new EvidenceRefusedException(
          Verdict.Reason.COLLATERAL_ROOT, whose + " signer is under another root, " + signersRoot);
    }
    RULES.requireLeaf(chain.getFirst(), root);
    return chain.getFirst().x509().getPublicKey();
  }

  private static void requireSigned(
      Verdict.Reason reason, PublicKey signer, byte[] signature, String text)
      throws EvidenceRefusedException {
    if (!P256.verifies(signer, signature, text.getBytes(UTF_8))) {
      throw new EvidenceRefusedException(
          reason, "the signer's key did not sign this text; has it been written anew?");
    }
  }

  private static void requireCurrent(String name, RevocationList crl, Instant now)
      throws EvidenceRefusedException {
    if (now.isBefore(crl.thisUpdate())) {
      throw fromFuture(name, crl.thisUpdate(), now);
    }
    if (now.isAfter(crl.nextUpdate())) {
      throw new EvidenceRefusedException(
          Verdict.Reason.CRL_EXPIRED, name + " ended " + crl.nextUpdate() + ", and it is " + now);
    }
  }

  private static void requireCurrent(String name, Instant from, Instant until, Instant now)
      throws EvidenceRefusedException {
    if (now.isBefore(from)) {
      throw fromFuture(name, from, now);
    }
    if (now.isAfter(until)) {
      throw new EvidenceRefusedException(
          Verdict.Reason.COLLATERAL_EXPIRED, name + " ended " + until + ", and it is " + now);
    }
  }

  private static EvidenceRefusedException fromFuture(String name, Instant from, Instant now) {
    return new EvidenceRefusedException(
        Verdict.Reason.COLLATERAL_FROM_FUTURE, name + " begins " + from + ", and it is " + now);
  }

  private void requireSameCa(PckChain chain) throws EvidenceRefusedException {
    X509Certificate other = chain.intermediate();
    if (!ca.getSubjectX500Principal().equals(other.getSubjectX500Principal())
        || !ca.getPublicKey().equals(other.getPublicKey())) {
      throw new EvidenceRefusedException(
          Verdict.Reason.CRL_ISSUER,
          "the PCK CRL is of "
              + ChainRules.name(ca)
              + ", the platform's certificate of "
              + ChainRules.name(other));
    }
  }

  private void requireNotRevoked(PckChain chain) throws EvidenceRefusedException {
    if (rootCrl.revoked().contains(chain.intermediate().getSerialNumber())) {
      throw revoked(Verdict.Reason.CA_REVOKED, chain.intermediate());
    }
    for (EcdsaCertificate certificate : certificates) {
      X509Certificate x509 = certificate.x509();
      // The root is among them: one that lists itself wants to be trusted no more.
      if (rootCrl.revoked().contains(x509.getSerialNumber())) {
        boolean isCa = x509.getBasicConstraints() >= 0;
        throw revoked(isCa ? Verdict.Reason.CA_REVOKED : Verdict.Reason.TCB_SIGNER_REVOKED, x509);
      }
    }
    if (pckCrl.revoked().contains(chain.serial())) {
      throw revoked(Verdict.Reason.PCK_REVOKED, chain.leaf());
    }
  }

  private static EvidenceRefusedException revoked(
      Verdict.Reason reason, X509Certificate certificate) {
    return new EvidenceRefusedException(
        reason,
        ChainRules.name(certificate)
            + ", serial number "
            + certificate.getSerialNumber().toString(16)
            + ", is revoked");
  }
}
