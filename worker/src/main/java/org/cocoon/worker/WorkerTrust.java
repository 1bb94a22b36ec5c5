package org.cocoon.worker;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpConnection;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.OnChange;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmException;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.keys.KeysLink;
import org.cocoon.link.tls.AttestedTls;
import org.cocoon.link.tls.CollateralFeed;
import org.cocoon.link.tls.CollateralLog;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.tls.PeerWatch;
import org.cocoon.link.tls.PolicyWatch;
import org.cocoon.worker.uplink.Attestation;
import org.cocoon.worker.uplink.Uplinks;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this worker proves of itself and asks of its routers, for as long as it runs: its policy
 * file, and with it every link that is up, is looked at again each quarter of a second.
 */
final class WorkerTrust implements Attestation {
  private static final int VERDICTS_CACHED = 64;

  /** Links come up together; their renewals are spread over a part of their life. */
  private static final int JITTER_PART = 8;

  private static final Logger log = LoggerFactory.getLogger(WorkerTrust.class);

  private final Vertx vertx;
  private final TsmReports reports;
  private final Duration renewAfter;
  private final InstantSource clock = InstantSource.system();
  private final PolicyWatch policies;
  private final CollateralFeed collateral;
  private final PeerVerifier routers;
  private final PeerVerifier keyManagers;
  private final AtomicBoolean prefetched = new AtomicBoolean();
  private volatile @Nullable KeysLink keys;
  private volatile EvidenceVerifier verifier;
  private volatile String policyDigest;
  private volatile String ownEvidence = "";
  private @Nullable PeerWatch<HttpConnection> watch;

  /**
   * Reads the policy.
   *
   * @throws IOException a sentence, if the policy cannot be read
   */
  WorkerTrust(Vertx vertx, WorkerOptions options, TsmReports reports) throws IOException {
    this.vertx = vertx;
    this.reports = reports;
    this.renewAfter = options.renewAfter();
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
            Optional.empty(),
            this::roots,
            clock,
            new CollateralLog(clock, () -> redial("the collateral changed")));
    this.verifier = new EvidenceVerifier(policies.current(), collateral.source());
    this.routers = expecting(Role.ROUTER);
    this.keyManagers = expecting(Role.KEYS);
    log.info("event=policy_in_force policy={}", policyDigest);
    CollateralLog.warnIfMissing(collateral, policies.current());
  }

  private PeerVerifier expecting(Role role) {
    return new PeerVerifier(
        role,
        verifier,
        clock,
        VERDICTS_CACHED,
        refusal ->
            log.warn(
                "event=evidence_refused role={} peer={} reason={} detail=\"{}\"",
                role.word(),
                refusal.peer(),
                refusal.reason(),
                refusal.detail()));
  }

  /** Has the link to the key manager dialled anew whenever policy or collateral change. */
  void follow(KeysLink link) {
    keys = link;
  }

  /** Begins to look at the policy and at the routers of these links. */
  void follow(Uplinks uplinks) {
    Context loop = vertx.getOrCreateContext();
    PeerWatch<HttpConnection> judging =
        new PeerWatch<>(
            routers,
            clock,
            this::aside,
            task -> loop.runOnContext(ignored -> task.run()),
            (connection, why, changed) ->
                uplinks.end(connection, why.reason(), why.detail(), changed && drains()));
    watch = judging;
    loop.runOnContext(
        started ->
            vertx.setPeriodic(
                PolicyWatch.PERIOD_MILLIS,
                ignored -> {
                  judging.tick();
                  vertx.executeBlocking(this::poll, false).onSuccess(done -> judging.tick());
                }));
  }

  private @Nullable Void poll() {
    policies.poll();
    return null;
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
    verifier = new EvidenceVerifier(policy, collateral.source());
    routers.use(verifier);
    keyManagers.use(verifier);
    log.info("event=policy_in_force policy={} before={}", policyDigest, before);
    CollateralLog.warnIfMissing(collateral, policy);
    redial("the policy changed");
  }

  private void redial(String why) {
    KeysLink link = keys;
    if (link != null) {
      link.redial(why);
    }
  }

  // ------------------------------------------------------------------ for each connection

  /** A fresh key and fresh evidence, checked by our own policy first. */
  @Override
  public Credentials fresh() throws TsmException {
    LinkIdentity identity = LinkIdentity.create(Role.WORKER, reports, clock);
    if (prefetched.compareAndSet(false, true)) {
      collateral.prefetch(identity.platform());
    }
    ownEvidence =
        switch (identity.verdict(verifier)) {
          case Verdict.Trusted trusted -> "";
          case Verdict.Rejected rejected -> rejected.reason() + ": " + rejected.detail();
        };
    return new Credentials(AttestedTls.clientOptions(identity, routers), identity.notAfter());
  }

  /** The same for a connection to the key manager. */
  HttpClientOptions freshForKeys() throws TsmException {
    LinkIdentity identity = LinkIdentity.create(Role.WORKER, reports, clock);
    return AttestedTls.clientOptions(identity, keyManagers);
  }

  @Override
  public String selfCheck() {
    return ownEvidence;
  }

  @Override
  public @Nullable Instant opened(HttpConnection connection, Credentials own) {
    X509Certificate router;
    try {
      router = (X509Certificate) connection.peerCertificates().getFirst();
    } catch (SSLPeerUnverifiedException e) {
      return null;
    }
    PeerVerifier.Judgement judged = routers.judge(router);
    if (judged.verdict() instanceof PeerVerdict.Refused) {
      return null;
    }
    PeerWatch<HttpConnection> judging = watch;
    if (judging != null) {
      judging.add(connection, router, judged);
    }
    Instant routerEnd = router.getNotAfter().toInstant();
    Instant end = own.notAfter().isBefore(routerEnd) ? own.notAfter() : routerEnd;
    return renewAt(clock.instant(), end, renewAfter, ThreadLocalRandom.current().nextDouble());
  }

  /**
   * When a link should be renewed: after half of what is left of its certificates, so that a router
   * that goes on presenting an old one is asked ever more often, or after the longest time that is
   * allowed, a little earlier for some.
   *
   * @param spread 0 to 1
   */
  static Instant renewAt(Instant now, Instant end, Duration most, double spread) {
    Duration half = Duration.between(now, end).dividedBy(2);
    Duration after = half.compareTo(most) < 0 ? half : most;
    long jitterMillis = (long) (after.toMillis() / (double) JITTER_PART * spread);
    return now.plus(after).minusMillis(jitterMillis);
  }

  @Override
  public void closed(HttpConnection connection) {
    PeerWatch<HttpConnection> judging = watch;
    if (judging != null) {
      judging.remove(connection);
    }
  }

  @Override
  public InstantSource clock() {
    return clock;
  }
}
