package org.cocoon.router;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import java.io.IOException;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.OnChange;
import org.cocoon.link.evidence.PlatformTcb;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.tls.CollateralFeed;
import org.cocoon.link.tls.CollateralLog;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.tls.PeerWatch;
import org.cocoon.link.tls.PolicyWatch;
import org.cocoon.link.tls.RenewingIdentity;
import org.cocoon.router.fleet.UplinkServer;
import org.cocoon.router.fleet.UplinkServer.Peer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this router proves of itself and asks of its workers, for as long as it runs: its policy
 * file, and with it every link that is up, is looked at again each quarter of a second.
 */
final class RouterTrust implements UplinkServer.Peers {
  private static final int VERDICTS_CACHED = 1_024;
  private static final int ID_BYTES = 8;
  private static final Logger log = LoggerFactory.getLogger(RouterTrust.class);

  private final Vertx vertx;
  private final PolicyWatch policies;
  private final CollateralFeed collateral;
  private final RenewingIdentity identity;
  private final PeerVerifier workers;
  private @Nullable PeerWatch<HttpConnection> watch;

  /** The version of policy and collateral that own evidence was checked by last. */
  private final AtomicLong ownCheckedBy = new AtomicLong();

  private volatile String policyDigest;

  private RouterTrust(Vertx vertx, RouterOptions options, TsmReports reports) throws IOException {
    this.vertx = vertx;
    this.policies =
        PolicyWatch.open(
            options.policy(),
            new PolicyWatch.Listener() {
              @Override
              public void changed(Policy policy) {
                use(policy);
              }

              @Override
              public void unreadable(String reason) {
                log.error("event=policy_unreadable kept={} reason=\"{}\"", policyDigest, reason);
              }
            });
    this.policyDigest = PolicyWatch.shortDigest(policies.current());
    this.collateral =
        CollateralFeed.open(
            options.collateral(),
            Optional.of(options.data().resolve("collateral")),
            this::roots,
            InstantSource.system(),
            new CollateralLog(InstantSource.system(), () -> {}));
    this.identity =
        new RenewingIdentity(
            Role.ROUTER,
            reports,
            InstantSource.system(),
            fault -> log.error("event=identity_renewal_failed", fault));
    this.workers =
        new PeerVerifier(
            Role.WORKER,
            new EvidenceVerifier(policies.current(), collateral.source()),
            InstantSource.system(),
            VERDICTS_CACHED,
            refusal ->
                log.warn(
                    "event=evidence_refused role=worker peer={} reason={} detail=\"{}\"",
                    refusal.peer(),
                    refusal.reason(),
                    refusal.detail()));
  }

  /**
   * Reads the policy and makes the first identity; blocks for as long as the TEE takes.
   *
   * @throws IOException a sentence, if the policy cannot be read or there is no TEE
   */
  static RouterTrust open(Vertx vertx, RouterOptions options, TsmReports reports)
      throws IOException {
    RouterTrust trust = new RouterTrust(vertx, options, reports);
    log.info("event=policy_in_force policy={}", trust.policyDigest);
    CollateralLog.warnIfMissing(trust.collateral, trust.policies.current());
    trust.collateral.prefetch(trust.identity.get().platform());
    trust.checkOwn();
    return trust;
  }

  /** What a handshake presents. */
  Supplier<LinkIdentity> identity() {
    return identity;
  }

  /** Checks workers in handshakes. */
  PeerVerifier workers() {
    return workers;
  }

  /** The beginning of the digest of the policy in force. */
  String policyDigest() {
    return policyDigest;
  }

  /** What a peer with our policy says of this router; takes milliseconds. */
  PeerVerdict own() {
    return identity.get().verdict(new EvidenceVerifier(policies.current(), collateral.source()));
  }

  /** Begins to look at the policy and at the links of this server; on the event loop. */
  void follow(UplinkServer server) {
    Context loop = vertx.getOrCreateContext();
    PeerWatch<HttpConnection> judging =
        new PeerWatch<>(
            workers,
            InstantSource.system(),
            task -> aside(task),
            task -> loop.runOnContext(ignored -> task.run()),
            (connection, why, changed) ->
                server.end(connection, why.reason(), why.detail(), changed && drains()));
    watch = judging;
    vertx.setPeriodic(
        PolicyWatch.PERIOD_MILLIS,
        ignored -> {
          judging.tick();
          vertx.executeBlocking(this::poll, false).onSuccess(done -> judging.tick());
        });
  }

  private @Nullable Void poll() {
    policies.poll();
    checkOwn();
    return null;
  }

  /** Tells whenever policy or collateral have changed so that they refuse this router itself. */
  private void checkOwn() {
    long version = workers.version();
    if (ownCheckedBy.getAndSet(version) == version) {
      return;
    }
    if (own() instanceof PeerVerdict.Refused refused) {
      log.warn(
          "event=own_evidence_refused reason={} detail=\"{}\" hint=\"workers with this policy will not attach\"",
          refused.reason(),
          refused.detail());
    }
  }

  private Set<String> roots() {
    Set<String> all = new HashSet<>(policies.current().trustedRoots());
    all.addAll(policies.current().simulatedRoots());
    return all;
  }

  /** Ends the fetching of collateral. */
  void close() {
    collateral.close();
  }

  /** Whether the policy lets links finish what runs on them, where it or the collateral changed. */
  private boolean drains() {
    return policies.current().onChange() == OnChange.DRAIN;
  }

  private void aside(Runnable task) {
    vertx.executeBlocking(
        () -> {
          task.run();
          return null;
        },
        false);
  }

  private void use(Policy policy) {
    String before = policyDigest;
    policyDigest = PolicyWatch.shortDigest(policy);
    workers.use(new EvidenceVerifier(policy, collateral.source()));
    log.info("event=policy_in_force policy={} before={}", policyDigest, before);
    CollateralLog.warnIfMissing(collateral, policy);
  }

  // ------------------------------------------------------------------ who is at the other end

  @Override
  public @Nullable Peer of(HttpConnection connection) {
    Certificate certificate;
    try {
      certificate = connection.peerCertificates().getFirst();
    } catch (SSLPeerUnverifiedException e) {
      return null;
    }
    PeerVerifier.Judgement judged = workers.judge(certificate);
    return switch (judged.verdict()) {
      case PeerVerdict.Refused _ -> null;
      case PeerVerdict.Accepted(Verdict.Trusted trusted) -> {
        PeerWatch<HttpConnection> judging = watch;
        if (judging != null) {
          judging.add(connection, certificate, judged);
        }
        yield new Peer(
            id(certificate), trusted.imageHash(), trusted.simulated(), encoded(certificate));
      }
    };
  }

  @Override
  public String tcbStatus(HttpConnection connection) {
    PeerWatch<HttpConnection> judging = watch;
    return judging == null
        ? new PlatformTcb.NotChecked().word()
        : judging
            .verdictOf(connection)
            .map(Verdict.Trusted::tcb)
            .orElseGet(PlatformTcb.NotChecked::new)
            .word();
  }

  @Override
  public void closed(HttpConnection connection) {
    PeerWatch<HttpConnection> judging = watch;
    if (judging != null) {
      judging.remove(connection);
    }
  }

  /** This router's own certificate of now, base64 of the DER; never blocks. */
  String certificate() {
    return encoded(identity.current().certificate());
  }

  /** The beginning of the SHA-256 of the peer's public key, as the peer's own log shows it. */
  private static String id(Certificate certificate) {
    byte[] hash = Digests.sha256(certificate.getPublicKey().getEncoded());
    return HexFormat.of().formatHex(hash, 0, ID_BYTES);
  }

  private static String encoded(Certificate certificate) {
    try {
      return Base64.getEncoder().encodeToString(certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate from a handshake has an encoding", e);
    }
  }
}
