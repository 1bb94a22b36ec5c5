package org.cocoon.link.evidence.simulated;

import static org.cocoon.link.evidence.simulated.BadEvidence.outcomeOf;
import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;

import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.EcdsaCertificate.Extension;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.PckExtension;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;

/** Chains of certificates that must not be believed. */
public final class ChainCorpus {
  private static final byte[] REPORT_DATA = new byte[64];
  private static final Duration YEAR = Duration.ofDays(365);
  private static final Instant FROM = NOW.minus(Duration.ofDays(1));
  private static final String INTEL_ROOT = "Intel SGX Root CA";

  private final Path dir;
  private final SimulatedRoot root;
  private final Policy policy;
  private final List<BadEvidence> cases = new ArrayList<>();

  /** Changes a forgery's chain, with everything of it at hand. */
  @FunctionalInterface
  private interface Change {
    void apply(ForgedQuote forgery) throws IOException;
  }

  private ChainCorpus(Path dir) throws IOException {
    this.dir = dir;
    root = SimulatedRoot.in(dir, TestNetwork.CLOCK);
    policy = new TestNetwork(dir).policy();
  }

  /** The chapter. */
  public static List<BadEvidence> cases(Path dir) throws IOException {
    ChainCorpus corpus = new ChainCorpus(dir);
    corpus.chain("control: nothing is wrong", BadEvidence.ACCEPTED, _ -> {});
    corpus.addRoots();
    corpus.addOrders();
    corpus.addTimes();
    corpus.addExtensions();
    return corpus.cases;
  }

  private void addRoots() {
    chain(
        "fake root of the same name",
        "SIMULATED_NOT_ALLOWED",
        f -> underRoot(f, TestCertificates.ROOT_NAME));
    chain("fake root of Intel's name", "UNTRUSTED_ROOT", f -> underRoot(f, INTEL_ROOT));
    chain(
        "simulated evidence under a production policy",
        "SIMULATED_NOT_ALLOWED",
        TestNetwork.productionPolicy(),
        _ -> {});
  }

  private void addOrders() {
    chain("root first", "SIMULATED_NOT_ALLOWED", f -> f.chain.addFirst(f.chain.removeLast()));
    chain("leaf and CA swapped", "BROKEN_CHAIN", f -> f.chain.addFirst(f.chain.remove(1)));
    chain("CA doubled for the leaf", "BROKEN_CHAIN", f -> f.chain.set(0, f.chain.get(1)));
    chain("root doubled for the CA", "BROKEN_CHAIN", f -> f.chain.set(1, f.chain.get(2)));
    chain("a fourth certificate", "MALFORMED_CHAIN", f -> f.chain.add(f.chain.getLast()));
    chain("no CA", "MALFORMED_CHAIN", f -> f.chain.remove(1));
    chain("no certificate", "MALFORMED_CHAIN", f -> f.chain.clear());
    chain(
        "leaf of another CA's key",
        "BROKEN_CHAIN",
        f -> f.chain.set(0, reissued(f, 0, TestCertificates.PLATFORM_CA_NAME, stranger(), keep())));
    chain(
        "leaf that names another issuer",
        "BROKEN_CHAIN",
        f -> f.chain.set(0, reissued(f, 0, "another", root.platformCa().key(), keep())));
    chain(
        "CA of another root's key",
        "BROKEN_CHAIN",
        f -> f.chain.set(1, reissued(f, 1, TestCertificates.ROOT_NAME, stranger(), keep())));
  }

  private void addTimes() {
    chain(
        "expired leaf",
        "CHAIN_NOT_VALID_NOW",
        f -> f.chain.set(0, f.leaf(NOW.minus(YEAR), YEAR.minusSeconds(1), keep())));
    chain(
        "leaf not valid yet",
        "CHAIN_NOT_VALID_NOW",
        f -> f.chain.set(0, f.leaf(NOW.plusSeconds(1), YEAR, keep())));
    chain(
        "expired CA",
        "CHAIN_NOT_VALID_NOW",
        f -> {
          KeyPair key = P256.newKeyPair();
          f.chain.set(
              1,
              TestCertificates.platformCa(
                  key.getPublic(), root.root().key(), NOW.minus(YEAR), YEAR.minusSeconds(1)));
        });
  }

  private void addExtensions() {
    chain(
        "CA as leaf",
        "BROKEN_CHAIN",
        f ->
            f.chain.set(
                0,
                f.leaf(
                    FROM,
                    YEAR,
                    usual -> {
                      List<Extension> asCa = extensions(f.chain.get(1));
                      asCa.add(usual.getLast());
                      return asCa;
                    })));
    chain(
        "leaf as CA",
        "BROKEN_CHAIN",
        f ->
            f.chain.set(
                1,
                reissued(
                    f,
                    1,
                    TestCertificates.ROOT_NAME,
                    root.root().key(),
                    _ -> extensions(f.chain.getFirst()).subList(0, 2))));
    chain(
        "unknown critical extension",
        "BROKEN_CHAIN",
        f -> f.chain.set(0, f.leaf(FROM, YEAR, usual -> with(usual, unknown()))));
    chain(
        "no key usage",
        "BROKEN_CHAIN",
        f -> f.chain.set(0, f.leaf(FROM, YEAR, usual -> usual.subList(1, 3))));
    chain(
        "SGX extension missing",
        "PLATFORM_EXTENSION",
        f -> f.chain.set(0, f.leaf(FROM, YEAR, usual -> usual.subList(0, 2))));
    chain(
        "SGX extension doubled",
        "MALFORMED_CHAIN",
        f -> f.chain.set(0, f.leaf(FROM, YEAR, usual -> with(usual, usual.getLast()))));
    chain(
        "SGX extension with a field twice",
        "PLATFORM_EXTENSION",
        f -> f.chain.set(0, f.leaf(FROM, YEAR, ChainCorpus::withFieldTwice)));
  }

  private void chain(String name, String expected, Change change) {
    chain(name, expected, policy, change);
  }

  private void chain(String name, String expected, Policy by, Change change) {
    cases.add(
        new BadEvidence(
            name,
            expected,
            () -> {
              ForgedQuote forgery = new ForgedQuote(dir);
              change.apply(forgery);
              return outcomeOf(
                  new EvidenceVerifier(by).verify(forgery.sign(), REPORT_DATA, Role.WORKER, NOW));
            }));
  }

  private static void underRoot(ForgedQuote forgery, String name) throws IOException {
    KeyPair key = P256.newKeyPair();
    byte[] usual = TestCertificates.root(key, FROM, YEAR);
    byte[] fake = ForgedQuote.reissued(usual, name, name, key.getPrivate(), keep());
    forgery.chain.set(2, fake);
    forgery.chain.set(1, reissued(forgery, 1, name, key.getPrivate(), keep()));
  }

  private static byte[] reissued(
      ForgedQuote forgery,
      int position,
      String issuer,
      PrivateKey signer,
      UnaryOperator<List<Extension>> edit)
      throws IOException {
    String subject = position == 1 ? TestCertificates.PLATFORM_CA_NAME : "forged leaf";
    return ForgedQuote.reissued(forgery.chain.get(position), subject, issuer, signer, edit);
  }

  private static List<Extension> extensions(byte[] certificate) {
    try {
      return new ArrayList<>(EcdsaCertificate.extensions(certificate));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<Extension> with(List<Extension> usual, Extension more) {
    usual.add(more);
    return usual;
  }

  private static Extension unknown() {
    return new Extension(Der.oid("2.25.4711"), true, new byte[] {5, 0});
  }

  private static List<Extension> withFieldTwice(List<Extension> usual) {
    byte[] fmspc =
        Der.sequence(Der.oid(PckExtension.OID + ".4"), Der.octets(new byte[] {1, 2, 3, 4, 5, 6}));
    byte[] der = TestCertificates.PLATFORM.toDer();
    // The content behind tag and a length of three bytes, and the field again.
    byte[] content = java.util.Arrays.copyOfRange(der, 4, der.length);
    usual.set(2, new Extension(Der.oid(PckExtension.OID), false, Der.sequence(content, fmspc)));
    return usual;
  }

  private static UnaryOperator<List<Extension>> keep() {
    return UnaryOperator.identity();
  }

  private static PrivateKey stranger() {
    return P256.newKeyPair().getPrivate();
  }
}
