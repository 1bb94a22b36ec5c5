package org.cocoon.router.fleet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.common.GrpcMessage;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Hello;
import org.cocoon.link.wire.LoadReport;
import org.cocoon.link.wire.Model;
import org.cocoon.link.wire.Uplink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where workers attach, against workers that behave badly, without TLS. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class UplinkServerTest {
  private static final UplinkServer.Peer PEER = new UplinkServer.Peer("id", "image", true);

  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final Fleet fleet = new Fleet();
  private final AtomicLong now = new AtomicLong();
  private final BlockingQueue<FromRouter> heard = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();
  private final BlockingQueue<Integer> sizes = new LinkedBlockingQueue<>();
  private UplinkServer uplinks;
  private SocketAddress address;
  private GrpcClient client;

  @BeforeEach
  void start() throws Exception {
    uplinks = onLoop(() -> new UplinkServer(vertx, fleet, "r", peer -> PEER, now::get));
    fleet.onCapacity(() -> sizes.add(fleet.workers().size()));
    HttpServer server =
        vertx
            .createHttpServer()
            .requestHandler(uplinks.handler())
            .listen(0, "127.0.0.1")
            .await(10, TimeUnit.SECONDS);
    address = SocketAddress.inetSocketAddress(server.actualPort(), "127.0.0.1");
    client =
        GrpcClient.client(
            vertx,
            new GrpcClientOptions(),
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false));
  }

  @AfterEach
  void stop() throws Exception {
    vertx.close().await(10, TimeUnit.SECONDS);
  }

  private <T> T onLoop(Callable<T> work) throws Exception {
    return Future.<T>future(
            promise ->
                vertx
                    .getOrCreateContext()
                    .runOnContext(
                        ignored -> {
                          try {
                            promise.complete(work.call());
                          } catch (Exception e) {
                            promise.fail(e);
                          }
                        }))
        .await(10, TimeUnit.SECONDS);
  }

  private GrpcClientRequest<FromWorker, FromRouter> open() throws Exception {
    GrpcClientRequest<FromWorker, FromRouter> stream =
        client.request(address, Uplink.client()).await(10, TimeUnit.SECONDS);
    stream.exceptionHandler(ignored -> ends.add("stream"));
    stream.connection().closeHandler(ignored -> ends.add("connection"));
    stream
        .response()
        .onSuccess(
            response -> {
              response.handler(heard::add);
              response.exceptionHandler(ignored -> {});
            });
    return stream;
  }

  private static Hello.Builder hello() {
    return Hello.newBuilder()
        .setMinVersion(Uplink.VERSION)
        .setMaxVersion(Uplink.VERSION)
        .setName("w")
        .setCoefficient(1000)
        .addModels(Model.newBuilder().setName("m").setSlots(2).setContextTokens(100));
  }

  private GrpcClientRequest<FromWorker, FromRouter> attach() throws Exception {
    GrpcClientRequest<FromWorker, FromRouter> stream = open();
    stream.write(FromWorker.newBuilder().setHello(hello()).build());
    assertTrue(heard.take().hasWelcome());
    return stream;
  }

  private void awaitWorkers(int count) throws InterruptedException {
    while (sizes.take() != count) {
      // until the fleet has that many
    }
  }

  private String refusalOf(Hello.Builder hello) throws Exception {
    open().write(FromWorker.newBuilder().setHello(hello).build());
    FromRouter answer = heard.take();
    assertTrue(answer.hasRefused());
    return answer.getRefused().getReason();
  }

  @Test
  void refusesHellosThatWouldFillLogsAndPages() throws Exception {
    assertTrue(refusalOf(hello().setName("a b")).contains("name"));
    assertTrue(refusalOf(hello().setSoftware("1\nevent=forged")).contains("software"));
    assertTrue(refusalOf(hello().addSimulated("\u001b[2J")).contains("simulated"));
    assertTrue(refusalOf(hello().setCoefficient(0)).contains("coefficient"));
    assertTrue(refusalOf(hello().addModels(hello().getModels(0))).contains("twice"));
    assertTrue(
        refusalOf(hello().addModels(Model.newBuilder().setName("n").setSlots(-1)))
            .contains("slots"));
    assertTrue(refusalOf(hello().setMinVersion(9).setMaxVersion(9)).contains("version"));
    assertEquals(0, fleet.workers().size());
  }

  @Test
  void aSecondHelloChangesNothing() throws Exception {
    GrpcClientRequest<FromWorker, FromRouter> stream = attach();
    stream.write(FromWorker.newBuilder().setHello(hello().setName("other")).build());
    stream.write(FromWorker.newBuilder().setLoad(LoadReport.newBuilder().setRunning(1)).build());
    awaitWorkers(1);
    stream.write(FromWorker.newBuilder().setLoad(LoadReport.getDefaultInstance()).build());
    awaitWorkers(1); // told that others left, so all of the above was heard
    assertEquals("w", onLoop(() -> fleet.workers().getFirst().identity().name()));
  }

  @Test
  void aMessageThatIsNoMessageEndsTheLinkForBothEnds() throws Exception {
    GrpcClientRequest<FromWorker, FromRouter> stream = attach();
    awaitWorkers(1);
    stream.writeMessage(GrpcMessage.message("identity", Buffer.buffer(new byte[] {-1, -1, -1})));
    awaitWorkers(0);
    assertTrue(!ends.take().isEmpty(), "the worker hears of it, so that it dials again");
  }

  @Test
  void aConnectionThatEndsTakesAllItsStreamsWithIt() throws Exception {
    attach();
    GrpcClientRequest<FromWorker, FromRouter> second = attach();
    awaitWorkers(2);
    second.connection().close();
    awaitWorkers(0);
  }

  @Test
  void aSilentWorkerIsGoneForBothEnds() throws Exception {
    attach();
    awaitWorkers(1);
    now.addAndGet(Fleet.SILENCE_NANOS + 1);
    onLoop(
        () -> {
          uplinks.tick();
          return fleet.workers().size();
        });
    awaitWorkers(0);
    assertTrue(!ends.take().isEmpty());
  }
}
