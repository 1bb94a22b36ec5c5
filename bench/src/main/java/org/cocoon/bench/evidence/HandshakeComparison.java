package org.cocoon.bench.evidence;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.Vertx;
import io.vertx.core.net.TCPSSLOptions;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.tls.AttestedTls;
import org.cocoon.link.tls.PeerVerifier;

/**
 * Full mutual TLS 1.3 handshakes by BoringSSL in memory, both ends on one thread: plain with pinned
 * self-signed certificates, attested with known evidence, attested with evidence that is new each
 * time. They take turns in blocks of one order and then the other, so that drift of the machine
 * cancels out; what counts is the thread's processor time.
 */
final class HandshakeComparison {
  private static final int BLOCK = 50;
  private static final int WARM_UP_ROUNDS = 4;
  private static final int MAX_STEPS = 1_000;
  private static final List<String> CIPHERS =
      List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384");
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /**
   * One way of shaking hands.
   *
   * @param name for the report
   * @param server its end that listens
   * @param client its end that dials
   */
  private record Way(String name, SslContext server, SslContext client) {}

  /**
   * What one way costs.
   *
   * @param name for the report
   * @param medianCpuMicros processor time of both ends, median over the blocks
   */
  record Cost(String name, double medianCpuMicros) {}

  private HandshakeComparison() {}

  /** Compares; blocks for some seconds. */
  static List<Cost> run(int rounds) throws Exception {
    Vertx vertx = Vertx.vertx();
    try (SimulatedNode node = new SimulatedNode()) {
      PeerVerifier remembering = node.peers(16);
      PeerVerifier forgetful = node.peers(0);
      List<Way> ways =
          List.of(
              plain(),
              attested("attested, evidence known", vertx, node, remembering),
              attested("attested, evidence new", vertx, node, forgetful));
      for (int i = 0; i < WARM_UP_ROUNDS; i++) {
        round(ways);
      }
      long before = forgetful.handshakes();
      double[][] costs = new double[ways.size()][2 * rounds];
      for (int i = 0; i < rounds; i++) {
        double[][] round = round(ways);
        for (int way = 0; way < ways.size(); way++) {
          costs[way][2 * i] = round[way][0];
          costs[way][2 * i + 1] = round[way][1];
        }
      }
      long expected = 4L * BLOCK * rounds;
      if (forgetful.handshakes() - before != expected) {
        throw new IllegalStateException(
            "only " + forgetful.handshakes() + " of " + expected + " ends checked their peer");
      }
      List<Cost> result = new ArrayList<>();
      for (int way = 0; way < ways.size(); way++) {
        Arrays.sort(costs[way]);
        result.add(new Cost(ways.get(way).name(), costs[way][rounds] / 1_000));
      }
      return result;
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  /** One block of each way, and again in the other order; nanoseconds for each handshake. */
  private static double[][] round(List<Way> ways) throws SSLException {
    double[][] costs = new double[ways.size()][2];
    for (int i = 0; i < ways.size(); i++) {
      costs[i][0] = block(ways.get(i));
    }
    for (int i = ways.size() - 1; i >= 0; i--) {
      costs[i][1] = block(ways.get(i));
    }
    return costs;
  }

  private static double block(Way way) throws SSLException {
    long before = THREADS.getCurrentThreadCpuTime();
    for (int i = 0; i < BLOCK; i++) {
      shake(way);
    }
    return (THREADS.getCurrentThreadCpuTime() - before) / (double) BLOCK;
  }

  private static void shake(Way way) throws SSLException {
    SSLEngine client = way.client().newEngine(ByteBufAllocator.DEFAULT);
    SSLEngine server = way.server().newEngine(ByteBufAllocator.DEFAULT);
    ByteBuffer toServer = ByteBuffer.allocateDirect(64 * 1024);
    ByteBuffer toClient = ByteBuffer.allocateDirect(64 * 1024);
    try {
      client.beginHandshake();
      server.beginHandshake();
      for (int i = 0; i < MAX_STEPS; i++) {
        step(client, toClient, toServer);
        step(server, toServer, toClient);
        if (done(client) && done(server)) {
          return;
        }
      }
      throw new IllegalStateException(way.name() + ": the handshake does not end");
    } finally {
      ReferenceCountUtil.release(client);
      ReferenceCountUtil.release(server);
    }
  }

  private static void step(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws SSLException {
    ByteBuffer nothing = ByteBuffer.allocate(0);
    // Always: a client is done before its last flight has left it.
    engine.wrap(nothing, out);
    in.flip();
    if (in.hasRemaining() && engine.getHandshakeStatus() != HandshakeStatus.NEED_WRAP) {
      engine.unwrap(in, ByteBuffer.allocate(32 * 1024));
    }
    in.compact();
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  private static boolean done(SSLEngine engine) {
    return engine.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING
        || engine.getHandshakeStatus() == HandshakeStatus.FINISHED;
  }

  private static Way attested(String name, Vertx vertx, SimulatedNode node, PeerVerifier verifier)
      throws Exception {
    TCPSSLOptions options = AttestedTls.clientOptions(node.identity(), verifier);
    KeyManagerFactory keys = options.getKeyCertOptions().getKeyManagerFactory(vertx);
    TrustManagerFactory trust = options.getTrustOptions().getTrustManagerFactory(vertx);
    return new Way(
        name,
        context(SslContextBuilder.forServer(keys).clientAuth(ClientAuth.REQUIRE), trust),
        context(SslContextBuilder.forClient().keyManager(keys), trust));
  }

  private static Way plain() throws Exception {
    KeyPair pair = P256.newKeyPair();
    Instant from = Instant.now().minusSeconds(60);
    byte[] der =
        EcdsaCertificate.issue(
            "plain",
            pair.getPublic(),
            "plain",
            pair.getPrivate(),
            from,
            from.plus(Duration.ofDays(1)),
            List.of());
    X509Certificate certificate = EcdsaCertificate.parse(der).x509();
    return new Way(
        "plain",
        context(
            SslContextBuilder.forServer(pair.getPrivate(), certificate)
                .trustManager(certificate)
                .clientAuth(ClientAuth.REQUIRE)),
        context(
            SslContextBuilder.forClient()
                .keyManager(pair.getPrivate(), certificate)
                .trustManager(certificate)
                .endpointIdentificationAlgorithm("")));
  }

  private static SslContext context(SslContextBuilder builder, TrustManagerFactory trust)
      throws SSLException {
    return context(builder.trustManager(trust).endpointIdentificationAlgorithm(""));
  }

  private static SslContext context(SslContextBuilder builder) throws SSLException {
    SslContext context =
        builder.sslProvider(SslProvider.OPENSSL).protocols("TLSv1.3").ciphers(CIPHERS).build();
    ((OpenSslSessionContext) context.sessionContext()).setSessionCacheEnabled(false);
    return context;
  }
}
