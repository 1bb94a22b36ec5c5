package org.cocoon.link.tls;

import java.net.Socket;
import java.nio.ByteBuffer;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.Verdict;
import org.jspecify.annotations.Nullable;

/**
 * Decides in the TLS handshake whether the other end may be there, by its evidence alone: names and
 * authorities mean nothing on a link.
 *
 * <p>Every handshake is checked, since {@link AttestedTls} resumes no session. The verdict on a
 * certificate is kept until it ends, so that a node that comes back costs one signature and not
 * five. Safe for use by many threads; a check takes two milliseconds, so handshakes run on worker
 * threads.
 */
public final class PeerVerifier extends X509ExtendedTrustManager {
  private final Role expectedPeer;
  private final InstantSource clock;
  private final VerdictCache verdicts;
  private final Consumer<Refusal> refusals;
  private final LongAdder handshakes = new LongAdder();
  private final LongAdder verifications = new LongAdder();
  private volatile EvidenceVerifier verifier;

  /**
   * Makes one.
   *
   * @param expectedPeer what must be at the other end
   * @param verifier checks its evidence
   * @param clock gives the time of each check
   * @param cachedVerdicts how many verdicts are kept; 0 checks the evidence each time
   * @param refusals told once of each refused handshake, on the handshake's thread
   */
  public PeerVerifier(
      Role expectedPeer,
      EvidenceVerifier verifier,
      InstantSource clock,
      int cachedVerdicts,
      Consumer<Refusal> refusals) {
    this.expectedPeer = expectedPeer;
    this.verifier = verifier;
    this.clock = clock;
    this.verdicts = new VerdictCache(cachedVerdicts);
    this.refusals = refusals;
  }

  /**
   * Checks with another policy from now on. Links that are up stay up; {@link #verdictOf} says
   * which of them the new policy still allows.
   */
  public void use(EvidenceVerifier newVerifier) {
    verifier = newVerifier;
  }

  /**
   * The verdict on a peer that has completed a handshake, by the policy of now.
   *
   * @return empty if it is not, or no longer, trusted
   */
  public Optional<Verdict.Trusted> verdictOf(Certificate certificate) {
    return switch (judge(certificate)) {
      case PeerVerdict.Accepted accepted -> Optional.of(accepted.verdict());
      case PeerVerdict.Refused _ -> Optional.empty();
    };
  }

  /**
   * The verdict on a certificate that came some other way than in a handshake, with its reason; it
   * says nothing about who holds the key.
   */
  public PeerVerdict check(Certificate certificate) {
    return judge(certificate);
  }

  /** How often a handshake has asked: one for each side of each connection that checks. */
  public long handshakes() {
    return handshakes.sum();
  }

  /** How often evidence was verified in full, rather than its verdict remembered. */
  public long verifications() {
    return verifications.sum();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    check(chain, engine.getPeerHost());
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    check(chain, engine.getPeerHost());
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    check(chain, String.valueOf(socket.getRemoteSocketAddress()));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    check(chain, String.valueOf(socket.getRemoteSocketAddress()));
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    check(chain, null);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    check(chain, null);
  }

  /** No authority issues link certificates. */
  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }

  private void check(X509Certificate[] chain, @Nullable String peer) throws CertificateException {
    handshakes.increment();
    PeerVerdict verdict =
        chain.length == 1
            ? judge(chain[0])
            : refused(CertificateFault.NOT_ALONE, chain.length + " certificates, not one");
    if (verdict instanceof PeerVerdict.Refused(String reason, String detail)) {
      refusals.accept(new Refusal(peer == null ? "" : peer, reason, detail));
      throw new CertificateException(reason + ": " + detail);
    }
  }

  private PeerVerdict judge(Certificate certificate) {
    Instant now = clock.instant();
    return switch (LinkCertificate.read(certificate, now)) {
      case LinkCertificate.Faulty(CertificateFault fault, String detail) -> refused(fault, detail);
      case LinkCertificate.Sound sound when sound.claims().role() != expectedPeer ->
          refused(
              CertificateFault.WRONG_ROLE,
              "it is a " + sound.claims().role().word() + ", not a " + expectedPeer.word());
      case LinkCertificate.Sound sound -> judge(sound, now);
    };
  }

  private PeerVerdict judge(LinkCertificate.Sound certificate, Instant now) {
    EvidenceVerifier current = verifier;
    ByteBuffer key =
        ByteBuffer.wrap(Digests.sha256(certificate.signedPart(), current.policy().digest()));
    Optional<Verdict.Trusted> known = verdicts.get(key, now);
    if (known.isPresent()) {
      return new PeerVerdict.Accepted(known.get());
    }
    verifications.increment();
    Verdict verdict =
        current.verify(certificate.quote(), certificate.reportData(), expectedPeer, now);
    return switch (verdict) {
      case Verdict.Rejected(Verdict.Reason reason, String detail) ->
          new PeerVerdict.Refused(reason.name(), detail);
      case Verdict.Trusted trusted -> {
        verdicts.put(key, trusted, earlier(trusted.notAfter(), certificate.notAfter()));
        yield new PeerVerdict.Accepted(trusted);
      }
    };
  }

  private static Instant earlier(Instant one, Instant other) {
    return one.isBefore(other) ? one : other;
  }

  private static PeerVerdict refused(CertificateFault fault, String detail) {
    return new PeerVerdict.Refused(fault.name(), detail);
  }
}
