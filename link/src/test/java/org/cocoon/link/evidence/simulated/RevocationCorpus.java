package org.cocoon.link.evidence.simulated;

import static org.cocoon.link.evidence.simulated.BadEvidence.outcomeOf;
import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;

/** Chains that somebody has revoked, and revocation lists that must not be believed. */
public final class RevocationCorpus {
  private static final byte[] REPORT_DATA = new byte[64];
  private static final Duration YEAR = Duration.ofDays(365);
  private static final Instant FROM = NOW.minus(Duration.ofDays(1));

  private final Path dir;
  private final TestNetwork network;
  private final SimulatedRoot root;
  private final Policy policy;
  private final List<BadEvidence> cases = new ArrayList<>();

  private RevocationCorpus(Path dir) throws IOException {
    this.dir = dir;
    network = new TestNetwork(dir);
    root = SimulatedRoot.in(dir, TestNetwork.CLOCK);
    policy = network.policy().withCollateralRequired(true);
  }

  /** The chapter. */
  public static List<BadEvidence> cases(Path dir) throws IOException {
    RevocationCorpus corpus = new RevocationCorpus(dir);
    corpus.addRevocations();
    corpus.addLists();
    return corpus.cases;
  }

  private void addRevocations() throws IOException {
    lists("control: nobody is revoked", BadEvidence.ACCEPTED, network.collateral());
    ForgedQuote forgery = new ForgedQuote(dir);
    BigInteger serial = EcdsaCertificate.parse(forgery.chain.getFirst()).x509().getSerialNumber();
    byte[] revoked = forgery.sign();
    Collateral made = network.collateral().revokePlatform(serial).make();
    cases.add(new BadEvidence("PCK revoked", "PCK_REVOKED", () -> verify(revoked, made)));
    lists("CA revoked", "CA_REVOKED", network.collateral().revokeCa());
    lists("signer of documents revoked", "TCB_SIGNER_REVOKED", network.collateral().revokeSigner());
    Collateral good = network.collateral().make();
    BigInteger own = EcdsaCertificate.parse(root.root().certificate()).x509().getSerialNumber();
    byte[] ofItself =
        TestCertificates.revocationList(
            TestCertificates.ROOT_NAME, root.root().key(), FROM, FROM.plus(YEAR), Set.of(own));
    lists("root that revoked itself", "CA_REVOKED", with(good, ofItself, good.pckCrl()));
  }

  private void addLists() throws IOException {
    lists("CRL expired", "CRL_EXPIRED", network.collateral().listsUntil(NOW.minusSeconds(1)));
    Collateral good = network.collateral().make();
    lists("CRLs of each other", "CRL_ISSUER", with(good, good.pckCrl(), good.rootCaCrl()));
    byte[] unsigned = list(TestCertificates.PLATFORM_CA_NAME, P256.newKeyPair().getPrivate(), FROM);
    lists("CRL of another key", "CRL_SIGNATURE", with(good, good.rootCaCrl(), unsigned));
    byte[] future =
        list(TestCertificates.PLATFORM_CA_NAME, root.platformCa().key(), NOW.plusSeconds(1));
    lists("CRL of the future", "COLLATERAL_FROM_FUTURE", with(good, good.rootCaCrl(), future));
    byte[] flipped = good.pckCrl().clone();
    flipped[flipped.length - 1] ^= 1;
    lists("CRL with a changed signature", "CRL_SIGNATURE", with(good, good.rootCaCrl(), flipped));
    lists("no CRL", "MALFORMED_COLLATERAL", with(good, good.rootCaCrl(), new byte[0]));
    KeyPair processor = P256.newKeyPair();
    String name = "Cocoon SIMULATED NOT SECURE Processor CA";
    byte[] ca =
        ForgedQuote.reissued(
            TestCertificates.platformCa(processor.getPublic(), root.root().key(), FROM, YEAR),
            name,
            TestCertificates.ROOT_NAME,
            root.root().key(),
            UnaryOperator.identity());
    Collateral mixed =
        new Collateral(
            SimulatedAuthority.pem("CERTIFICATE", ca) + root.root().pem(),
            good.rootCaCrl(),
            list(name, processor.getPrivate(), FROM),
            good.tcbInfoIssuerChain(),
            good.tcbInfo(),
            good.tcbInfoSignature(),
            good.qeIdentityIssuerChain(),
            good.qeIdentity(),
            good.qeIdentitySignature());
    lists("Processor CA's list for the Platform CA", "CRL_ISSUER: the PCK CRL is of", mixed);
  }

  private void lists(String name, String expected, SimulatedCollateral collateral) {
    lists(name, expected, collateral.make());
  }

  private void lists(String name, String expected, Collateral collateral) {
    cases.add(
        new BadEvidence(name, expected, () -> verify(new ForgedQuote(dir).sign(), collateral)));
  }

  private String verify(byte[] quote, Collateral collateral) {
    return outcomeOf(
        new EvidenceVerifier(policy, new FixedCollateral(collateral))
            .verify(quote, REPORT_DATA, Role.WORKER, NOW));
  }

  private static byte[] list(String issuer, PrivateKey key, Instant from) {
    return TestCertificates.revocationList(issuer, key, from, NOW.plus(YEAR), Set.of());
  }

  private static Collateral with(Collateral of, byte[] rootCrl, byte[] pckCrl) {
    return new Collateral(
        of.pckCrlIssuerChain(),
        rootCrl,
        pckCrl,
        of.tcbInfoIssuerChain(),
        of.tcbInfo(),
        of.tcbInfoSignature(),
        of.qeIdentityIssuerChain(),
        of.qeIdentity(),
        of.qeIdentitySignature());
  }
}
