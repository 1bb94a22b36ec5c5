package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.EcdsaCertificate.Extension;
import org.cocoon.link.evidence.P256;

/** A quote whose every key is held here, so that what is changed can be signed again. */
final class ForgedQuote {
  private static final Duration YEAR = Duration.ofDays(365);
  private static final Instant FROM = TestNetwork.NOW.minus(Duration.ofHours(1));

  final SimulatedRoot root;
  final KeyPair pck = P256.newKeyPair();
  final KeyPair attestation = P256.newKeyPair();
  final byte[] point = P256.point(attestation.getPublic());
  PrivateKey signsReport = pck.getPrivate();
  PrivateKey signsQuote = attestation.getPrivate();
  final byte[] qeReport;
  final List<byte[]> chain;
  private final byte[] base;

  ForgedQuote(Path dir) throws IOException {
    root = SimulatedRoot.in(dir, TestNetwork.CLOCK);
    base =
        new SimulatedPlatform(root, TestNetwork.NOW).quote(TestNetwork.measurements(new byte[64]));
    qeReport = SimulatedEnclave.report(Digests.sha256(point, QuoteParts.authData(base)));
    chain =
        new ArrayList<>(
            List.of(
                leaf(FROM, YEAR, UnaryOperator.identity()),
                root.platformCa().certificate(),
                root.root().certificate()));
  }

  /** Another leaf, from a time on, with other extensions, of the network's CA. */
  byte[] leaf(Instant from, Duration validity, UnaryOperator<List<Extension>> edit)
      throws IOException {
    byte[] usual = TestCertificates.pck(pck.getPublic(), root.platformCa().key(), from, validity);
    return reissued(
        usual, "forged leaf", TestCertificates.PLATFORM_CA_NAME, root.platformCa().key(), edit);
  }

  /** The same certificate under another issuer, with other extensions. */
  static byte[] reissued(
      byte[] certificate,
      String subject,
      String issuer,
      PrivateKey signer,
      UnaryOperator<List<Extension>> edit)
      throws IOException {
    EcdsaCertificate parsed = EcdsaCertificate.parse(certificate);
    return EcdsaCertificate.issue(
        subject,
        parsed.x509().getPublicKey(),
        issuer,
        signer,
        parsed.x509().getNotBefore().toInstant(),
        parsed.x509().getNotAfter().toInstant(),
        edit.apply(new ArrayList<>(EcdsaCertificate.extensions(certificate))));
  }

  /** Changes something and signs. */
  byte[] with(Consumer<ForgedQuote> change) {
    change.accept(this);
    return sign();
  }

  byte[] sign() {
    byte[] quote = base.clone();
    byte[] signed = java.util.Arrays.copyOf(quote, QuoteParts.SIGNED_BYTES);
    put(quote, QuoteParts.KEYS_OFFSET, P256.sign(signsQuote, signed));
    put(quote, QuoteParts.KEYS_OFFSET + 64, point);
    put(quote, QuoteParts.QE_OFFSET, qeReport);
    put(quote, QuoteParts.QE_OFFSET + qeReport.length, P256.sign(signsReport, qeReport));
    return QuoteParts.withChain(quote, chain);
  }

  private static void put(byte[] quote, int at, byte[] part) {
    System.arraycopy(part, 0, quote, at, part.length);
  }
}
