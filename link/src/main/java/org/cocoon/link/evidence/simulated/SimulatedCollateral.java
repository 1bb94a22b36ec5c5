package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.math.BigInteger;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.TcbStatus;

/**
 * Makes the collateral of a network's simulated platforms, signed under its test root as Intel
 * signs the real one. What is not set otherwise is good and finds nothing wrong.
 *
 * <p>Not safe for use by several threads at once.
 */
public final class SimulatedCollateral {
  /** Days that Intel's collateral lasts. */
  public static final int USUAL_DAYS = 30;

  private static final Duration SIGNER_VALIDITY = Duration.ofDays(365);

  private final SimulatedRoot root;
  private final KeyPair signer = P256.newKeyPair();
  private final Instant from;
  private final Instant until;
  private final SimulatedDocuments documents = new SimulatedDocuments();
  private final Set<BigInteger> revokedByRoot = new HashSet<>();
  private final Set<BigInteger> revokedByCa = new HashSet<>();
  private Instant listsUntil;
  private Instant signerUntil;
  private UnaryOperator<String> tcbInfoEdit = UnaryOperator.identity();
  private UnaryOperator<String> qeIdentityEdit = UnaryOperator.identity();

  /**
   * Starts with good collateral.
   *
   * @param from when all of it begins, in whole seconds
   * @param until when all of it ends, in whole seconds
   */
  public SimulatedCollateral(SimulatedRoot root, Instant from, Instant until) {
    this.root = root;
    this.from = from.truncatedTo(ChronoUnit.SECONDS);
    this.until = until.truncatedTo(ChronoUnit.SECONDS);
    this.listsUntil = this.until;
    this.signerUntil = this.from.plus(SIGNER_VALIDITY);
  }

  /** What is said of platforms at the highest level. */
  public SimulatedCollateral platformStatus(TcbStatus status, String... advisories) {
    documents.platformStatus(status, advisories);
    return this;
  }

  /** tcbEvaluationDataNumber of both documents. */
  public SimulatedCollateral evaluationNumber(int number) {
    documents.evaluationNumber(number);
    return this;
  }

  /** Has the CA revoke a platform's certificate. */
  public SimulatedCollateral revokePlatform(BigInteger serial) {
    revokedByCa.add(serial);
    return this;
  }

  /** Has the root revoke the CA of all platforms. */
  public SimulatedCollateral revokeCa() throws IOException {
    revokedByRoot.add(root.platformCa().parsed().x509().getSerialNumber());
    return this;
  }

  /** Has the root revoke the signer of TCB info and identity. */
  public SimulatedCollateral revokeSigner() throws IOException {
    revokedByRoot.add(EcdsaCertificate.parse(signerCertificate()).x509().getSerialNumber());
    return this;
  }

  /** Ends the revocation lists before the rest. */
  public SimulatedCollateral listsUntil(Instant end) {
    listsUntil = end;
    return this;
  }

  /** Ends the certificate of the signer before the rest. */
  SimulatedCollateral signerUntil(Instant end) {
    signerUntil = end;
    return this;
  }

  /** Changes the TCB info before it is signed. */
  public SimulatedCollateral editTcbInfo(UnaryOperator<String> edit) {
    tcbInfoEdit = edit;
    return this;
  }

  /** Changes the quoting enclave's identity before it is signed. */
  public SimulatedCollateral editQeIdentity(UnaryOperator<String> edit) {
    qeIdentityEdit = edit;
    return this;
  }

  /** Makes and signs all of it. */
  public Collateral make() {
    String signerChain =
        SimulatedAuthority.pem("CERTIFICATE", signerCertificate()) + root.root().pem();
    String tcbInfo = tcbInfoEdit.apply(documents.tcbInfo(from, until));
    String qeIdentity = qeIdentityEdit.apply(documents.qeIdentity(from, until));
    return new Collateral(
        root.platformCa().pem() + root.root().pem(),
        TestCertificates.revocationList(
            TestCertificates.ROOT_NAME, root.root().key(), from, listsUntil, revokedByRoot),
        TestCertificates.revocationList(
            TestCertificates.PLATFORM_CA_NAME,
            root.platformCa().key(),
            from,
            listsUntil,
            revokedByCa),
        signerChain,
        tcbInfo,
        P256.sign(signer.getPrivate(), tcbInfo.getBytes(UTF_8)),
        signerChain,
        qeIdentity,
        P256.sign(signer.getPrivate(), qeIdentity.getBytes(UTF_8)));
  }

  private byte[] signerCertificate() {
    return TestCertificates.tcbSigner(
        signer.getPublic(), root.root().key(), from, Duration.between(from, signerUntil));
  }
}
