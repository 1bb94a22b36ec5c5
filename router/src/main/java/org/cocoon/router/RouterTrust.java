package org.cocoon.router;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import java.io.IOException;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Supplier;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.PlatformTcb;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.node.NodeTrust;
import org.cocoon.link.registry.RegistryFeed;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.tls.PeerWatch;
import org.cocoon.link.tls.RenewingIdentity;
import org.cocoon.link.wire.Model;
import org.cocoon.router.fleet.UplinkServer;
import org.cocoon.router.fleet.UplinkServer.Peer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this router proves of itself and asks of its workers, for as long as it runs: its policy,
 * and with it every link that is up, is looked at again each quarter of a second.
 */
final class RouterTrust implements UplinkServer.Peers {
  private static final int VERDICTS_CACHED = 1_024;
  private static final int ID_BYTES = 8;
  private static final Logger log = LoggerFactory.getLogger(RouterTrust.class);

  private final NodeTrust trust;
  private final RenewingIdentity identity;
  private final PeerVerifier workers;
  private @Nullable PeerWatch<HttpConnection> watch;

  private RouterTrust(RouterOptions options, TsmReports reports) throws IOException {
    InstantSource clock = InstantSource.system();
    this.trust =
        NodeTrust.open(
            options.evidence(),
            Optional.of(options.data().resolve("collateral")),
            clock,
            why -> {}); // the watch of links sees to it
    this.identity =
        new RenewingIdentity(
            Role.ROUTER,
            reports,
            clock,
            fault -> log.error("event=identity_renewal_failed", fault));
    this.workers = trust.expecting(Role.WORKER, VERDICTS_CACHED);
  }

  /**
   * Reads the policy and makes the first identity; blocks for as long as the TEE takes.
   *
   * @throws IOException a sentence, if the policy cannot be read or there is no TEE
   */
  static RouterTrust open(RouterOptions options, TsmReports reports) throws IOException {
    RouterTrust opened = new RouterTrust(options, reports);
    opened.trust.checkOwn(opened.identity, "workers with this policy will not attach");
    return opened;
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
    return trust.policyDigest();
  }

  /** The registry that the policy comes from, where it comes from one. */
  Optional<RegistryFeed> registry() {
    return trust.registry();
  }

  @Override
  public Optional<String> unlisted(Model model) {
    return trust
        .registry()
        .flatMap(feed -> feed.current().refusal(model.getName(), model.getRevision()));
  }

  /** What runs here, as peers know it; empty if they would refuse it. */
  String imageHash() {
    return trust.own().orElse(null) instanceof PeerVerdict.Accepted(Verdict.Trusted own)
        ? own.imageHash()
        : "";
  }

  /** Begins to look at the policy and at the links of this server; on the event loop. */
  void follow(Vertx vertx, UplinkServer server) {
    watch =
        trust.follow(
            vertx,
            workers,
            (connection, why, changed) ->
                server.end(connection, why.reason(), why.detail(), changed && trust.drains()));
  }

  /** Ends the fetching of collateral. */
  void close() {
    trust.close();
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
