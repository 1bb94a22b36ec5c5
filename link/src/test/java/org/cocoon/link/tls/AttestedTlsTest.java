package org.cocoon.link.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.SSLEngineOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.evidence.simulated.TestNetwork;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real connections over loopback, with both TLS providers at the other end. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class AttestedTlsTest {
  private static final int CONNECTIONS = 5;
  private static final String HOST = "127.0.0.1";

  private final AttestedNodes nodes;
  private final Vertx vertx = Vertx.vertx();
  private final ConcurrentLinkedQueue<Seen> served = new ConcurrentLinkedQueue<>();

  AttestedTlsTest(@TempDir Path dir) {
    nodes = new AttestedNodes(dir);
  }

  @BeforeEach
  void forget() {
    nodes.refusals.clear();
    served.clear();
  }

  @AfterAll
  void close() throws IOException {
    await(vertx.close());
    nodes.close();
  }

  /** A provider that would gladly resume sessions. */
  enum Resuming {
    BORINGSSL,
    JDK;

    SSLEngineOptions engine() {
      return switch (this) {
        case BORINGSSL -> new OpenSSLEngineOptions().setSessionCacheEnabled(true);
        case JDK -> new JdkSSLEngineOptions();
      };
    }
  }

  @Test
  void bothEndsAreCheckedOnEveryConnection() throws IOException {
    PeerVerifier atRouter = nodes.expecting(Role.WORKER, 0);
    PeerVerifier atWorker = nodes.expecting(Role.ROUTER, 0);
    connect(serverOptions(atRouter), clientOptions(atWorker));
    assertEquals(CONNECTIONS, atRouter.handshakes());
    assertEquals(CONNECTIONS, atRouter.verifications());
    assertEquals(CONNECTIONS, atWorker.verifications());
  }

  @ParameterizedTest
  @MethodSource("providers")
  void serverResumesNoSessionForAClientThatWants(Resuming provider) throws IOException {
    PeerVerifier atRouter = nodes.expecting(Role.WORKER, 0);
    HttpClientOptions client = clientOptions(nodes.expecting(Role.ROUTER, 0));
    client.setSslEngineOptions(provider.engine());
    connect(serverOptions(atRouter), client);
    assertEquals(CONNECTIONS, atRouter.verifications());
  }

  @ParameterizedTest
  @MethodSource("providers")
  void clientResumesNoSessionOfAServerThatOffers(Resuming provider) throws IOException {
    PeerVerifier atWorker = nodes.expecting(Role.ROUTER, 0);
    HttpServerOptions server = serverOptions(nodes.expecting(Role.WORKER, 0));
    server.setSslEngineOptions(provider.engine());
    connect(server, clientOptions(atWorker));
    assertEquals(CONNECTIONS, atWorker.verifications());
  }

  /** Without this, the three tests above could pass because nothing here ever resumes. */
  @ParameterizedTest
  @MethodSource("providers")
  void otherwiseResumedSessionsWouldSkipTheCheck(Resuming provider) throws IOException {
    PeerVerifier atRouter = nodes.expecting(Role.WORKER, 0);
    HttpServerOptions server = serverOptions(atRouter);
    server.setSslEngineOptions(provider.engine());
    HttpClientOptions client = clientOptions(nodes.expecting(Role.ROUTER, 0));
    client.setSslEngineOptions(Resuming.JDK.engine());
    connect(server, client);
    assertTrue(atRouter.verifications() < CONNECTIONS, atRouter.verifications() + " verifications");
  }

  @Test
  void connectionIsTls13WithAesGcmAndHttp2AndKnowsItsPeer() throws IOException {
    PeerVerifier atRouter = nodes.expecting(Role.WORKER, 8);
    LinkIdentity worker = nodes.identity(Role.WORKER);
    HttpClientOptions client = AttestedTls.clientOptions(worker, nodes.expecting(Role.ROUTER, 8));
    List<HttpVersion> versions = connect(serverOptions(atRouter), client);
    assertEquals(List.of(HttpVersion.HTTP_2), versions.stream().distinct().toList());
    Seen seen = served.element();
    assertEquals("TLSv1.3", seen.protocol());
    String suite = seen.suite();
    assertTrue(suite.startsWith("TLS_AES_") && suite.contains("_GCM_"), suite);
    assertEquals(worker.certificate(), seen.peer());
    Verdict.Trusted verdict = atRouter.verdictOf(Objects.requireNonNull(seen.peer())).orElseThrow();
    assertTrue(verdict.simulated());
    assertEquals(1, atRouter.verifications(), "the handshake's verdict is remembered");
  }

  @Test
  void refusedWorkerGetsNoConnectionAndTheRouterSaysWhyOnce() throws IOException {
    PeerVerifier atRouter = nodes.expecting(Role.WORKER, 0);
    atRouter.use(new EvidenceVerifier(TestNetwork.productionPolicy()));
    PeerVerifier atWorker = nodes.expecting(Role.ROUTER, 0);
    HttpServerOptions server = serverOptions(atRouter);
    HttpClientOptions client = clientOptions(atWorker);
    assertThrows(CompletionException.class, () -> connect(server, client));
    assertEquals(
        List.of("SIMULATED_NOT_ALLOWED"), nodes.refusals.stream().map(Refusal::reason).toList());
    assertTrue(served.isEmpty(), "no request reached the router");
  }

  @Test
  void workerRefusesARouterThatIsNone() throws IOException {
    HttpServerOptions server =
        AttestedTls.serverOptions(nodes.identity(Role.WORKER), nodes.expecting(Role.WORKER, 0));
    HttpClientOptions client = clientOptions(nodes.expecting(Role.ROUTER, 0));
    assertThrows(CompletionException.class, () -> connect(server, client));
    assertEquals(List.of("WRONG_ROLE"), nodes.refusals.stream().map(Refusal::reason).toList());
  }

  @Test
  void clientWithoutACertificateIsRefused() throws IOException {
    PeerVerifier atRouter = nodes.expecting(Role.WORKER, 0);
    HttpClientOptions client = clientOptions(nodes.expecting(Role.ROUTER, 0));
    client.setKeyCertOptions(null);
    HttpServerOptions server = serverOptions(atRouter);
    assertThrows(CompletionException.class, () -> connect(server, client));
    assertTrue(served.isEmpty(), "no request reached the router");
  }

  @Test
  void anOpenServerIsCheckedOnEveryConnectionAndAsksItsClientsForNothing() throws IOException {
    PeerVerifier atClient = nodes.expecting(Role.ROUTER, 0);
    List<HttpVersion> versions =
        connect(openServerOptions(), AttestedTls.clientOptionsWithoutIdentity(atClient));
    assertEquals(CONNECTIONS, atClient.handshakes());
    assertEquals(CONNECTIONS, atClient.verifications());
    assertEquals(List.of(HttpVersion.HTTP_2), versions.stream().distinct().toList());
    assertEquals(List.of("TLSv1.3"), served.stream().map(Seen::protocol).distinct().toList());
    assertTrue(served.stream().allMatch(seen -> seen.peer() == null), "nobody showed anything");
  }

  @Test
  void anOpenServerSpeaksHttp11Too() throws IOException {
    PeerVerifier atClient = nodes.expecting(Role.ROUTER, 0);
    HttpClientOptions client = AttestedTls.clientOptionsWithoutIdentity(atClient);
    client.setProtocolVersion(HttpVersion.HTTP_1_1).setAlpnVersions(List.of(HttpVersion.HTTP_1_1));
    List<HttpVersion> versions = connect(openServerOptions(), client);
    assertEquals(List.of(HttpVersion.HTTP_1_1), versions.stream().distinct().toList());
    assertEquals(CONNECTIONS, atClient.verifications());
  }

  @ParameterizedTest
  @MethodSource("providers")
  void anOpenServerResumesNoSessionForAClientThatWants(Resuming provider) throws IOException {
    PeerVerifier atClient = nodes.expecting(Role.ROUTER, 0);
    HttpClientOptions client = AttestedTls.clientOptionsWithoutIdentity(atClient);
    client.setSslEngineOptions(provider.engine());
    connect(openServerOptions(), client);
    assertEquals(CONNECTIONS, atClient.verifications());
  }

  @ParameterizedTest
  @MethodSource("providers")
  void aClientWithoutIdentityResumesNoSessionOfAServerThatOffers(Resuming provider)
      throws IOException {
    PeerVerifier atClient = nodes.expecting(Role.ROUTER, 0);
    HttpServerOptions server = openServerOptions();
    server.setSslEngineOptions(provider.engine());
    connect(server, AttestedTls.clientOptionsWithoutIdentity(atClient));
    assertEquals(CONNECTIONS, atClient.verifications());
  }

  /** Without this, the two tests above could pass because no client here ever resumes. */
  @Test
  void otherwiseAClientWouldNotCheckAnOpenServerAgain() throws IOException {
    PeerVerifier atClient = nodes.expecting(Role.ROUTER, 0);
    HttpServerOptions server = openServerOptions();
    server.setSslEngineOptions(Resuming.JDK.engine());
    HttpClientOptions client = AttestedTls.clientOptionsWithoutIdentity(atClient);
    client.setSslEngineOptions(Resuming.JDK.engine());
    connect(server, client);
    assertTrue(atClient.verifications() < CONNECTIONS, atClient.verifications() + " verifications");
  }

  @Test
  void aRememberedVerdictSavesNoHandshakeItsCheck() throws IOException {
    PeerVerifier atClient = nodes.expecting(Role.ROUTER, 4);
    HttpServerOptions server = openServerOptions();
    connect(server, AttestedTls.clientOptionsWithoutIdentity(atClient));
    assertEquals(1, atClient.verifications());
    assertEquals(CONNECTIONS, atClient.handshakes());
    atClient.use(new EvidenceVerifier(TestNetwork.productionPolicy()));
    HttpClientOptions again = AttestedTls.clientOptionsWithoutIdentity(atClient);
    assertThrows(CompletionException.class, () -> connect(server, again));
    assertEquals("SIMULATED_NOT_ALLOWED", nodes.refusals.element().reason());
  }

  @Test
  void anOpenServerOfAnotherRoleIsRefused() throws IOException {
    LinkIdentity worker = nodes.identity(Role.WORKER);
    HttpClientOptions client =
        AttestedTls.clientOptionsWithoutIdentity(nodes.expecting(Role.ROUTER, 0));
    HttpServerOptions server = AttestedTls.openServerOptions(() -> worker);
    assertThrows(CompletionException.class, () -> connect(server, client));
    assertEquals("WRONG_ROLE", nodes.refusals.element().reason());
    assertTrue(served.isEmpty());
  }

  static Stream<Resuming> providers() {
    return Stream.of(Resuming.values());
  }

  private HttpServerOptions openServerOptions() throws IOException {
    LinkIdentity router = nodes.identity(Role.ROUTER);
    return AttestedTls.openServerOptions(() -> router);
  }

  private HttpServerOptions serverOptions(PeerVerifier verifier) throws IOException {
    return AttestedTls.serverOptions(nodes.identity(Role.ROUTER), verifier);
  }

  private HttpClientOptions clientOptions(PeerVerifier verifier) throws IOException {
    return AttestedTls.clientOptions(nodes.identity(Role.WORKER), verifier);
  }

  /** Makes several connections one after the other, each with a request so that tickets arrive. */
  private List<HttpVersion> connect(
      HttpServerOptions serverOptions, HttpClientOptions clientOptions) {
    HttpServer server =
        vertx
            .createHttpServer(serverOptions.setHost(HOST).setPort(0))
            .requestHandler(
                request -> {
                  served.add(Seen.of(request.connection().sslSession()));
                  request.response().end("ok");
                });
    await(server.listen());
    HttpClient client = vertx.createHttpClient(clientOptions);
    try {
      return Stream.generate(() -> requestOnNewConnection(client, server.actualPort()))
          .limit(CONNECTIONS)
          .toList();
    } finally {
      await(client.close());
      await(server.close());
    }
  }

  /** All of it on the event loop: a thread of the test could come too late for the answer. */
  private static HttpVersion requestOnNewConnection(HttpClient client, int port) {
    return await(
        client
            .request(HttpMethod.GET, port, HOST, "/")
            .compose(
                request ->
                    request
                        .send()
                        .compose(response -> response.body().map(_ -> response.version()))
                        .compose(version -> request.connection().close().map(_ -> version))));
  }

  /** What the router sees of a connection while it is up. */
  private record Seen(String protocol, String suite, @Nullable Certificate peer) {
    static Seen of(SSLSession session) {
      return new Seen(session.getProtocol(), session.getCipherSuite(), peer(session));
    }

    private static @Nullable Certificate peer(SSLSession session) {
      try {
        return session.getPeerCertificates()[0];
      } catch (SSLPeerUnverifiedException e) {
        return null;
      }
    }
  }

  private static <T> T await(Future<T> future) {
    return future.toCompletionStage().toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
  }
}
