package org.cocoon.client.attested;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.net.URI;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.cocoon.link.tls.AttestedTls;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.tls.PeerWatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The attested API of one router: no byte is sent before its evidence is accepted in the TLS
 * handshake, and a connection ends when its evidence is accepted no longer. Belongs to one event
 * loop.
 */
final class AttestedRouter {
  private static final Logger log = LoggerFactory.getLogger(AttestedRouter.class);
  private static final int CONNECT_TIMEOUT_MILLIS = 5_000;
  private static final int MAX_CONNECTIONS = 8;
  private static final int MAX_WAITING = 256;
  private static final int KEEP_ALIVE_SECONDS = 600;

  /** The router tells something each 5 s, even while a prompt waits. */
  private static final long IDLE_MILLIS = TimeUnit.SECONDS.toMillis(60);

  /** A stream that its reader holds up keeps at most this much, and nobody else's. */
  private static final int STREAM_WINDOW_BYTES = 64 << 10;

  private final URI address;
  private final PeerVerifier peers;
  private final InstantSource clock;
  private final HttpClientAgent client;
  private final PeerWatch<HttpConnection> watch;
  private final BiConsumer<HttpConnection, Failure> lost;
  private @Nullable PeerEvidence evidence;
  private int connections;

  /**
   * Makes one; connects at the first request.
   *
   * @param maxStreams requests that may run at the same time
   * @param lost hears of a connection whose router is trusted no longer, before it is closed
   */
  AttestedRouter(
      Vertx vertx,
      URI address,
      PeerVerifier peers,
      InstantSource clock,
      int maxStreams,
      BiConsumer<HttpConnection, Failure> lost) {
    this.address = address;
    this.peers = peers;
    this.clock = clock;
    this.lost = lost;
    this.watch =
        new PeerWatch<>(
            peers,
            clock,
            task -> vertx.executeBlocking(() -> run(task)),
            task -> vertx.getOrCreateContext().runOnContext(_ -> task.run()),
            this::end);
    this.client =
        vertx
            .httpClientBuilder()
            .with(options(maxStreams))
            .with(
                new PoolOptions()
                    .setHttp1MaxSize(maxStreams)
                    .setHttp2MaxSize(MAX_CONNECTIONS)
                    .setMaxWaitQueueSize(MAX_WAITING))
            .withConnectHandler(this::connected)
            .build();
  }

  private static boolean run(Runnable task) {
    task.run();
    return true;
  }

  private HttpClientOptions options(int maxStreams) {
    HttpClientOptions options = AttestedTls.clientOptionsWithoutIdentity(peers);
    options.getInitialSettings().setInitialWindowSize(STREAM_WINDOW_BYTES);
    return options
        .setConnectTimeout(CONNECT_TIMEOUT_MILLIS)
        .setHttp2KeepAliveTimeout(KEEP_ALIVE_SECONDS)
        .setKeepAliveTimeout(KEEP_ALIVE_SECONDS)
        .setHttp2ConnectionWindowSize((maxStreams + 1) * STREAM_WINDOW_BYTES);
  }

  /** Where it is. */
  URI address() {
    return address;
  }

  /** What was verified when the newest connection came up; empty before the first. */
  Optional<PeerEvidence> evidence() {
    return Optional.ofNullable(evidence);
  }

  /** Connections that are up now. */
  int connections() {
    return connections;
  }

  /** Begins a request, over a connection whose router is trusted. */
  Future<HttpClientRequest> request(HttpMethod method, String path, Optional<String> key) {
    RequestOptions options =
        new RequestOptions()
            .setMethod(method)
            .setHost(address.getHost())
            .setPort(address.getPort() < 0 ? 443 : address.getPort())
            .setSsl(true)
            .setURI(path)
            .setIdleTimeout(IDLE_MILLIS);
    key.ifPresent(token -> options.putHeader("authorization", "Bearer " + token));
    return client.request(options).recover(fault -> Future.failedFuture(connectFault(fault)));
  }

  private SealedException connectFault(Throwable fault) {
    for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
      if (cause instanceof CertificateException refused) {
        // PeerVerifier writes "REASON: detail".
        String message = String.valueOf(refused.getMessage());
        int colon = Math.max(message.indexOf(": "), 0);
        return new SealedException(
            Failure.routerRefused(
                new PeerVerdict.Refused(
                    message.substring(0, colon),
                    message.substring(Math.min(colon + 2, message.length())))));
      }
    }
    return new SealedException(unreachable(fault));
  }

  private Failure unreachable(Throwable fault) {
    return Failure.unreachable(
        "No attested router answers at %s (%s): check --router, and that it is up with --attested."
            .formatted(address.getAuthority(), sentence(fault)));
  }

  static String sentence(Throwable fault) {
    String message = fault.getMessage();
    return message == null || message.isBlank() ? fault.getClass().getSimpleName() : message;
  }

  private void connected(HttpConnection connection) {
    Certificate certificate;
    try {
      List<Certificate> chain = connection.peerCertificates();
      certificate = chain.getFirst();
    } catch (SSLPeerUnverifiedException e) {
      throw new IllegalStateException("a connection without evidence came up", e);
    }
    PeerVerifier.Judgement judged = peers.judge(certificate);
    switch (judged.verdict()) {
      case PeerVerdict.Refused why -> end(connection, why, true); // changed since the handshake
      case PeerVerdict.Accepted(var verdict) -> {
        Instant now = clock.instant();
        evidence = new PeerEvidence(verdict, certificate, now);
        connections++;
        watch.add(connection, certificate, judged);
        connection.closeHandler(
            _ -> {
              connections--;
              watch.remove(connection);
            });
        log.info(
            "event=router_verified router={} image={} simulated={}",
            address.getAuthority(),
            verdict.imageHash(),
            verdict.simulated());
      }
    }
  }

  private void end(HttpConnection connection, PeerVerdict.Refused why, boolean changed) {
    log.warn(
        "event=router_refused router={} reason={} detail=\"{}\" connected=true changed={}",
        address.getAuthority(),
        why.reason(),
        why.detail(),
        changed);
    evidence = null;
    lost.accept(connection, Failure.routerRefused(why));
    connection.close();
  }

  /** Judges the routers of open connections again, where the policy changed or evidence ended. */
  void tick() {
    watch.tick();
  }

  /** Closes the connections. */
  Future<Void> close() {
    return client.close();
  }
}
