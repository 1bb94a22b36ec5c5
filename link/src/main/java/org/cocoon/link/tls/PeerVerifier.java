package org.cocoon.link.tls;

import java.net.Socket;
import java.nio.ByteBuffer;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TeeEvidence;
import org.cocoon.link.evidence.Verdict;
import org.jspecify.annotations.Nullable;

/**
 * Decides in the TLS handshake whether the other end may be there, by its evidence alone: names and
 * authorities mean nothing on a link.
 *
 * <p>Every handshake is checked, since {@link AttestedTls} resumes no session. Verdicts are kept
 * until they end: a node that comes back costs a hash with the same certificate, one signature with
 * another around the same quote, and five otherwise. Safe for use by many threads; a check takes up
 * to five milliseconds, so handshakes run on worker threads.
 */
public final class PeerVerifier extends X509ExtendedTrustManager {
  /** How long the first handshake of a kind of platform waits for its collateral. */
  private static final Duration COLLATERAL_WAIT = Duration.ofSeconds(3);

  private final Role expectedPeer;
  private final InstantSource clock;
  private final VerdictCache verdicts;
  private final KnownCertificates known;
  private final Consumer<Refusal> refusals;
  private final LongAdder handshakes = new LongAdder();
  private final LongAdder verifications = new LongAdder();
  private final AtomicReference<Basis> basis;
  private volatile Optional<PeerVerdict.Refused> closed = Optional.empty();

  /** What is judged by, in handshakes by the patient one, and the how manieth. */
  private record Basis(NodeVerifier verifier, NodeVerifier patient, long number) {
    Basis(EvidenceVerifier verifier, long number) {
      this(
          new NodeVerifier(verifier),
          new NodeVerifier(verifier.waitingAtMost(COLLATERAL_WAIT)),
          number);
    }

    /** Names policy and collateral of this moment. */
    byte[] name() {
      return Digests.sha256(
          verifier.version(), ByteBuffer.allocate(Long.BYTES).putLong(number).array());
    }
  }

  /** A name as a number; that two differ where their names do is as sure as needs be. */
  private static long versionOf(byte[] name) {
    return ByteBuffer.wrap(name).getLong();
  }

  /**
   * A verdict, and how long it may be relied on.
   *
   * @param verdict accepted or refused
   * @param version the {@link PeerVerifier#version()} that it was reached by
   * @param until when it ends: the first end among the verdict on the evidence, the certificate and
   *     its claims; for a refusal the time of the check
   */
  public record Judgement(PeerVerdict verdict, long version, Instant until) {}

  /**
   * Makes one.
   *
   * @param expectedPeer what must be at the other end
   * @param verifier checks its evidence where that is of TDX, and says by its policy what is asked
   *     of SEV-SNP and of GPUs
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
    this.basis = new AtomicReference<>(new Basis(verifier, 1));
    this.clock = clock;
    this.verdicts = new VerdictCache(cachedVerdicts);
    this.known = new KnownCertificates(cachedVerdicts);
    this.refusals = refusals;
  }

  /**
   * Checks by another policy or other collateral from now on, and remembers no verdict of before.
   * Links that are up stay up; a {@link PeerWatch} judges them again.
   */
  public void use(EvidenceVerifier newVerifier) {
    basis.updateAndGet(before -> new Basis(newVerifier, before.number() + 1));
  }

  /**
   * Refuses every new handshake for this reason, or none any more for that; links that are up stay
   * up.
   */
  public void refuseNew(Optional<PeerVerdict.Refused> why) {
    closed = why;
  }

  /** Names what is judged by: it is another one whenever policy or collateral have changed. */
  public long version() {
    return versionOf(basis.get().name());
  }

  /**
   * The verdict on a peer that has completed a handshake, by the policy of now.
   *
   * @return empty if it is not, or no longer, trusted
   */
  public Optional<Verdict.Trusted> verdictOf(Certificate certificate) {
    return switch (judge(certificate).verdict()) {
      case PeerVerdict.Accepted accepted -> Optional.of(accepted.verdict());
      case PeerVerdict.Refused _ -> Optional.empty();
    };
  }

  /**
   * The verdict on a certificate that came some other way than in a handshake, with its reason; it
   * says nothing about who holds the key.
   */
  public PeerVerdict check(Certificate certificate) {
    return judge(certificate).verdict();
  }

  /** Like {@link #check}, and says how long that holds; never waits for collateral. */
  public Judgement judge(Certificate certificate) {
    Basis current = basis.get();
    return judge(certificate, current, current.verifier());
  }

  private Judgement judge(Certificate certificate, Basis current, NodeVerifier verifier) {
    byte[] name = current.name();
    long version = versionOf(name);
    Instant now = clock.instant();
    ByteBuffer asItStands;
    try {
      asItStands = ByteBuffer.wrap(Digests.sha256(name, certificate.getEncoded()));
    } catch (CertificateEncodingException e) {
      return new Judgement(
          refused(CertificateFault.MALFORMED_CERTIFICATE, "it cannot be read: " + e.getMessage()),
          version,
          now);
    }
    Optional<Judgement> before = known.get(asItStands, now);
    if (before.isPresent()) {
      return before.get();
    }
    Judgement judgement = judge(certificate, verifier, name, now);
    known.put(asItStands, judgement, now);
    return judgement;
  }

  private Judgement judge(
      Certificate certificate, NodeVerifier verifier, byte[] name, Instant now) {
    long version = versionOf(name);
    return switch (LinkCertificate.read(certificate, now)) {
      case LinkCertificate.Faulty(CertificateFault fault, String detail) ->
          new Judgement(refused(fault, detail), version, now);
      case LinkCertificate.Sound sound when sound.claims().role() != expectedPeer ->
          new Judgement(
              refused(
                  CertificateFault.WRONG_ROLE,
                  "it is a " + sound.claims().role().word() + ", not a " + expectedPeer.word()),
              version,
              now);
      case LinkCertificate.Sound sound -> judge(sound, verifier, name, now);
    };
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
    Basis current = basis.get();
    Optional<PeerVerdict.Refused> shut = closed;
    PeerVerdict verdict =
        shut.isPresent()
            ? shut.get()
            : chain.length == 1
                ? judge(chain[0], current, current.patient()).verdict()
                : refused(CertificateFault.NOT_ALONE, chain.length + " certificates, not one");
    if (verdict instanceof PeerVerdict.Refused(String reason, String detail)) {
      refusals.accept(new Refusal(peer == null ? "" : peer, reason, detail));
      throw new CertificateException(reason + ": " + detail);
    }
  }

  private Judgement judge(
      LinkCertificate.Sound certificate, NodeVerifier verifier, byte[] name, Instant now) {
    long version = versionOf(name);
    Optional<PeerVerdict.Refused> formFault = NodeVerifier.formFault(certificate.evidence());
    if (formFault.isPresent()) {
      return new Judgement(formFault.get(), version, now);
    }
    ByteBuffer key = key(certificate, name);
    Optional<Verdict.Trusted> remembered = verdicts.get(key, now);
    if (remembered.isPresent()) {
      return accepted(remembered.get(), certificate, version);
    }
    verifications.increment();
    return switch (verifier.verify(NodeVerifier.Presented.by(certificate), now)) {
      case PeerVerdict.Refused refused -> new Judgement(refused, version, now);
      case PeerVerdict.Accepted(Verdict.Trusted verdict) -> {
        verdicts.put(key, verdict);
        yield accepted(verdict, certificate, version);
      }
    };
  }

  private static Judgement accepted(
      Verdict.Trusted verdict, LinkCertificate.Sound certificate, long version) {
    return new Judgement(
        new PeerVerdict.Accepted(verdict),
        version,
        earlier(verdict.notAfter(), certificate.notAfter()));
  }

  /**
   * Names everything that a verdict on evidence follows from. The certificate's own rules are not
   * in it, as they are checked each time; what it binds, its key and its claims, is in the report
   * data. So a node has one entry, however many certificates it makes around one quote.
   */
  private static ByteBuffer key(LinkCertificate.Sound certificate, byte[] name) {
    byte[] evidence =
        switch (certificate.evidence()) {
          case TeeEvidence.Tdx(byte[] quote) -> Digests.sha256(quote);
          case TeeEvidence.Snp(byte[] report, byte[] table) ->
              Digests.sha256(Digests.sha256(report), Digests.sha256(table));
        };
    return ByteBuffer.wrap(Digests.sha256(evidence, certificate.reportData(), name));
  }

  private static Instant earlier(Instant one, Instant other) {
    return one.isBefore(other) ? one : other;
  }

  private static PeerVerdict refused(CertificateFault fault, String detail) {
    return new PeerVerdict.Refused(fault.name(), detail);
  }
}
