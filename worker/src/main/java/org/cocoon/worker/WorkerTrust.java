package org.cocoon.worker;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpConnection;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmException;
import org.cocoon.link.node.NodeTrust;
import org.cocoon.link.registry.RegistryFeed;
import org.cocoon.link.tls.AttestedTls;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.tls.PeerWatch;
import org.cocoon.worker.uplink.Attestation;
import org.cocoon.worker.uplink.Uplinks;
import org.jspecify.annotations.Nullable;

/**
 * What this worker proves of itself and asks of its routers, for as long as it runs: its policy,
 * and with it every link that is up, is looked at again each quarter of a second.
 */
final class WorkerTrust implements Attestation {
  private static final int VERDICTS_CACHED = 64;

  /** Links come up together; their renewals are spread over a part of their life. */
  private static final int JITTER_PART = 8;

  private final WorkerTee tee;
  private final Duration renewAfter;
  private final InstantSource clock = InstantSource.system();
  private final NodeTrust trust;
  private final PeerVerifier routers;
  private final PeerVerifier keyManagers;
  private final AtomicBoolean prefetched = new AtomicBoolean();
  private volatile String ownEvidence = "";
  private @Nullable PeerWatch<HttpConnection> watch;

  /**
   * Reads the policy.
   *
   * @throws IOException a sentence, if the policy cannot be read
   */
  WorkerTrust(WorkerOptions options, WorkerTee tee) throws IOException {
    this.tee = tee;
    this.renewAfter = options.renewAfter();
    // What changes, the watches of the links see to.
    this.trust = NodeTrust.open(options.evidence(), Optional.empty(), clock, why -> {});
    this.routers = trust.expecting(Role.ROUTER, VERDICTS_CACHED);
    this.keyManagers = trust.expecting(Role.KEYS, VERDICTS_CACHED);
  }

  /** Judges key managers by the policy in force. */
  PeerVerifier keyManagers() {
    return keyManagers;
  }

  /** The registry that the policy comes from, where it comes from one. */
  Optional<RegistryFeed> registry() {
    return trust.registry();
  }

  /** Begins to look at the policy and at the routers of these links. */
  void follow(Vertx vertx, Uplinks uplinks) {
    watch =
        trust.follow(
            vertx,
            routers,
            (connection, why, changed) ->
                uplinks.end(connection, why.reason(), why.detail(), changed && trust.drains()));
  }

  /** Ends the fetching of collateral. */
  void close() {
    trust.close();
  }

  // ------------------------------------------------------------------ for each connection

  /** A fresh key and fresh evidence, checked by our own policy first. */
  @Override
  public Credentials fresh() throws TsmException {
    LinkIdentity identity = LinkIdentity.create(Role.WORKER, tee.reports(), tee.gpus(), clock);
    if (prefetched.compareAndSet(false, true)) {
      trust.prefetch(identity.platform());
    }
    ownEvidence =
        switch (identity.verdict(trust.verifier())) {
          case PeerVerdict.Accepted _ -> "";
          case PeerVerdict.Refused(String reason, String detail) -> reason + ": " + detail;
        };
    return new Credentials(AttestedTls.clientOptions(identity, routers), identity.notAfter());
  }

  /** The same for a connection to the key manager. */
  HttpClientOptions freshForKeys() throws TsmException {
    LinkIdentity identity = LinkIdentity.create(Role.WORKER, tee.reports(), tee.gpus(), clock);
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
