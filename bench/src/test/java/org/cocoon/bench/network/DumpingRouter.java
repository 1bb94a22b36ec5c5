package org.cocoon.bench.network;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.tls.AttestedTls;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.tls.PeerVerifier;

/**
 * A router that keeps all it sees: every byte that its clients and its workers send and get, after
 * TLS. It has valid evidence, and behind it a real router that does the work.
 *
 * <p>What an operator's worst router could learn is what stands in the dump.
 */
final class DumpingRouter implements AutoCloseable {
  private final Vertx vertx =
      Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(2));
  private final SimulatedTee routerTee;
  private final SimulatedTee workerTee;
  private final NetServer api;
  private final NetServer link;
  private final ByteArrayOutputStream dump = new ByteArrayOutputStream();
  private final int apiPort;
  private int fromClients;

  /** Starts in front of a network's router. */
  DumpingRouter(TestNetwork network) throws Exception {
    apiPort = network.attestedPort();
    Path folder = network.folder.resolve("tee");
    routerTee = SimulatedTee.start(folder, Role.ROUTER, ImageMeasurement.ofRunningProgram());
    workerTee = SimulatedTee.start(folder, Role.WORKER, ImageMeasurement.ofRunningProgram());
    LinkIdentity asRouter = identity(Role.ROUTER, routerTee);
    LinkIdentity asWorker = identity(Role.WORKER, workerTee);
    PeerVerifier workers = expecting(Role.WORKER, network);
    PeerVerifier routers = expecting(Role.ROUTER, network);
    // One protocol on both of its sides, so that bytes can be passed on as they are.
    HttpServerOptions clientSide = AttestedTls.openServerOptions(() -> asRouter);
    HttpClientOptions apiSide = AttestedTls.clientOptionsWithoutIdentity(routers);
    clientSide.setAlpnVersions(List.of(HttpVersion.HTTP_1_1));
    apiSide.setAlpnVersions(List.of(HttpVersion.HTTP_1_1));
    api = listen(clientSide, apiSide, apiPort, "http/1.1");
    link =
        listen(
            AttestedTls.serverOptions(asRouter, workers),
            AttestedTls.clientOptions(asWorker, routers),
            network.linkPort(),
            "h2");
  }

  private static LinkIdentity identity(Role role, SimulatedTee tee) throws Exception {
    return LinkIdentity.create(role, new TsmReports(tee.reportsFolder()), InstantSource.system());
  }

  private static PeerVerifier expecting(Role peer, TestNetwork network) throws Exception {
    return new PeerVerifier(
        peer,
        new EvidenceVerifier(Policy.load(network.policy())),
        InstantSource.system(),
        4,
        refusal -> {
          throw new AssertionError("the dumping router met " + refusal);
        });
  }

  private NetServer listen(
      HttpServerOptions listening, HttpClientOptions dialling, int port, String protocol)
      throws Exception {
    NetServerOptions server = new NetServerOptions(listening);
    server.getSslOptions().setApplicationLayerProtocols(List.of(protocol));
    NetClientOptions client = new NetClientOptions(dialling).setHostnameVerificationAlgorithm("");
    client.getSslOptions().setApplicationLayerProtocols(List.of(protocol));
    return vertx
        .createNetServer(server)
        .connectHandler(from -> join(from, client, port))
        .listen(0, "127.0.0.1")
        .toCompletionStage()
        .toCompletableFuture()
        .get(10, TimeUnit.SECONDS);
  }

  private void join(NetSocket from, NetClientOptions client, int port) {
    from.pause();
    Future<NetSocket> dialled = vertx.createNetClient(client).connect(port, "127.0.0.1");
    dialled
        .onFailure(fault -> from.close())
        .onSuccess(
            to -> {
              pass(from, to, port == apiPort);
              pass(to, from, false);
              from.resume();
            });
  }

  private void pass(NetSocket from, NetSocket to, boolean client) {
    from.handler(
        bytes -> {
          keep(bytes, client);
          to.write(bytes);
        });
    from.closeHandler(ignored -> to.close());
    from.exceptionHandler(ignored -> to.close());
  }

  private synchronized void keep(Buffer bytes, boolean client) {
    fromClients += client ? bytes.length() : 0;
    dump.writeBytes(bytes.getBytes());
  }

  /** All bytes that went through, in their order of arrival. */
  synchronized byte[] dump() {
    return dump.toByteArray();
  }

  /** How many bytes clients have sent. */
  synchronized int fromClients() {
    return fromClients;
  }

  int attestedPort() {
    return api.actualPort();
  }

  int linkPort() {
    return link.actualPort();
  }

  @Override
  public void close() throws IOException {
    vertx.close().toCompletionStage().toCompletableFuture().join();
    routerTee.close();
    workerTee.close();
  }
}
