package org.cocoon.router.fleet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.common.GrpcMessage;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Hello;
import org.cocoon.link.wire.LoadReport;
import org.cocoon.link.wire.Model;
import org.cocoon.link.wire.ModelList;
import org.cocoon.link.wire.ModelsTaken;
import org.cocoon.link.wire.Refused;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Tokens;
import org.cocoon.link.wire.Uplink;
import org.cocoon.link.wire.Welcome;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where workers attach, against workers that behave badly, without TLS. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class UplinkServerTest {
  private static final Welcome WELCOME =
      Welcome.newBuilder().setVersion(Uplink.VERSION).setRouter("r").build();

  /** Accepts everybody for as long as {@link #accepted} says so. */
  private final class AnyPeer implements UplinkServer.Peers {
    @Override
    public UplinkServer.@Nullable Peer of(HttpConnection connection) {
      connections.add(connection);
      return accepted ? new UplinkServer.Peer("id", "image", true, "") : null;
    }

    @Override
    public String tcbStatus(HttpConnection connection) {
      return tcbStatus;
    }

    @Override
    public void closed(HttpConnection connection) {}

    @Override
    public Optional<String> unlisted(Model model) {
      return weights.contains(model.getRevision())
          ? Optional.empty()
          : Optional.of("not listed: " + model.getRevision());
    }
  }

  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final Fleet fleet = new Fleet();
  private final AtomicLong now = new AtomicLong();
  private final BlockingQueue<FromRouter> heard = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();
  private final BlockingQueue<Integer> sizes = new LinkedBlockingQueue<>();
  private final BlockingQueue<HttpConnection> connections = new LinkedBlockingQueue<>();
  private volatile boolean accepted = true;
  private volatile Set<String> weights = Set.of("");
  private volatile String tcbStatus = "UpToDate";
  private UplinkServer uplinks;
  private SocketAddress address;
  private GrpcClient client;

  @BeforeEach
  void start() throws Exception {
    uplinks = onLoop(() -> new UplinkServer(vertx, fleet, WELCOME, new AnyPeer(), now::get));
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
    Model.Builder gifted = Model.newBuilder().setName("n").setSlots(1).setContextTokens(1);
    assertTrue(
        refusalOf(hello().addModels(gifted.clone().addFeatures("a\u0007"))).contains("features"));
    gifted.addAllFeatures(java.util.Collections.nCopies(33, "x"));
    assertTrue(refusalOf(hello().addModels(gifted)).contains("features"));
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
  void whatIsKnownOfAPlatformFollowsItsVerdict() throws Exception {
    attach();
    awaitWorkers(1);
    assertEquals("UpToDate", onLoop(() -> fleet.workers().getFirst().tcbStatus()));
    tcbStatus = "SWHardeningNeeded";
    assertEquals(
        "SWHardeningNeeded",
        onLoop(
            () -> {
              uplinks.tick();
              return fleet.workers().getFirst().tcbStatus();
            }));
  }

  @Test
  void weightsThatAreNotListedAreRefusedForNowAndLeaveWhenTheyAreNoLonger() throws Exception {
    attach();
    awaitWorkers(1);
    Hello.Builder other = hello();
    other.setModels(0, other.getModels(0).toBuilder().setRevision("file:ab"));
    open().write(FromWorker.newBuilder().setHello(other).build());
    FromRouter answer = heard.take();
    assertEquals("not listed: file:ab", answer.getRefused().getReason());
    assertTrue(answer.getRefused().getLater(), "they may be listed tomorrow");
    assertTrue(onLoop(() -> fleet.workers().size() == 1));
    weights = Set.of("file:ab");
    onLoop(
        () -> {
          uplinks.tick();
          return true;
        });
    awaitWorkers(0);
    while (!ends.take().equals("connection")) {
      // the next stream must not go over the connection that ends
    }
    open().write(FromWorker.newBuilder().setHello(other).build());
    assertTrue(heard.take().hasWelcome());
  }

  private static FromWorker list(Model.Builder... models) {
    ModelList.Builder list = ModelList.newBuilder();
    for (Model.Builder model : models) {
      list.addModels(model);
    }
    return FromWorker.newBuilder().setModels(list).build();
  }

  private static Model.Builder model(String name, String revision) {
    return Model.newBuilder().setName(name).setRevision(revision).setSlots(2).setContextTokens(9);
  }

  private void awaitModels(String... names) throws Exception {
    while (!onLoop(fleet::models).equals(List.of(names))) {
      sizes.take(); // told with every change
    }
  }

  @Test
  void aWorkerTakesAnotherModelAndGivesOneUpOverItsLink() throws Exception {
    GrpcClientRequest<FromWorker, FromRouter> stream = attach();
    awaitModels("m");
    stream.write(list(hello().getModelsBuilder(0), model("n", "")));
    awaitModels("m", "n");
    assertEquals(4, onLoop(() -> fleet.workers().getFirst().slots()).intValue());
    stream.write(list(model("n", "")));
    awaitModels("n");
    assertTrue(heard.isEmpty(), "there was nothing to say against it");
    assertTrue(ends.isEmpty());
  }

  @Test
  void ofModelsThatAreNotListedTheOthersAreServed() throws Exception {
    GrpcClientRequest<FromWorker, FromRouter> stream = attach();
    awaitModels("m");
    stream.write(list(hello().getModelsBuilder(0), model("n", "file:ab")));
    ModelsTaken answer = heard.take().getModelsTaken();
    assertEquals("n", answer.getRefused(0).getName());
    assertEquals("not listed: file:ab", answer.getRefused(0).getReason());
    assertEquals(1, answer.getRefusedCount());
    awaitModels("m");
    weights = Set.of("", "file:ab");
    onLoop(uplinks::tick);
    awaitModels("m", "n");
    assertEquals(0, heard.take().getModelsTaken().getRefusedCount(), "and it is told so");
    Lost lost = new Lost();
    onLoop(() -> fleet.workers().getFirst().run(run().setModel("n"), 1, lost));
    weights = Set.of("");
    onLoop(uplinks::tick);
    awaitModels("m");
    assertEquals(1, lost.times.get(), "it goes on elsewhere");
    assertTrue(ends.isEmpty(), "the link stays");
  }

  @Test
  void theModelsOfAHelloAreJudgedOneByOne() throws Exception {
    open()
        .write(FromWorker.newBuilder().setHello(hello().addModels(model("n", "file:ab"))).build());
    assertTrue(heard.take().hasWelcome());
    assertEquals("n", heard.take().getModelsTaken().getRefused(0).getName());
    awaitModels("m");
  }

  @Test
  void aListThatNoHelloCouldHaveEndsTheLink() throws Exception {
    GrpcClientRequest<FromWorker, FromRouter> stream = attach();
    awaitWorkers(1);
    stream.write(list(model("n", ""), model("n", "")));
    awaitWorkers(0);
    assertTrue(!ends.take().isEmpty(), "the worker hears of it");
  }

  @Test
  void aWorkerMayChangeItsModelsOnlySoOften() throws Exception {
    GrpcClientRequest<FromWorker, FromRouter> stream = attach();
    awaitModels("m");
    for (int i = 0; i < 16; i++) {
      stream.write(list(model("n" + i, "")));
    }
    awaitModels("n15");
    onLoop(uplinks::tick);
    stream.write(list(model("again", "")));
    awaitModels("again");
    for (int i = 1; i < 17; i++) {
      stream.write(list(model("n" + i, "")));
    }
    awaitWorkers(0);
    assertTrue(!ends.take().isEmpty(), "the worker hears of it");
  }

  @Test
  void groupKeysMayComeWithTheHello() throws Exception {
    Hello.Builder hello = hello();
    hello.setModels(
        0, hello.getModels(0).toBuilder().setName(TestWorkers.MODEL).addFeatures("sealed"));
    open()
        .write(
            FromWorker.newBuilder()
                .setHello(hello)
                .addGroupKeys(GroupKeyBoardTest.statement(3, Long.MAX_VALUE))
                .build());
    assertTrue(heard.take().hasWelcome());
    assertEquals(1, onLoop(() -> fleet.groupKeys().of(TestWorkers.MODEL, 0).size()));
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

  private Worker.State stateOf(int index) throws Exception {
    return onLoop(() -> fleet.workers().get(index).state());
  }

  private boolean onLoop(Runnable work) throws Exception {
    return onLoop(
        () -> {
          work.run();
          return true;
        });
  }

  private static Run.Builder run() {
    return Run.newBuilder().setModel("m");
  }

  @Test
  void aPeerThatIsNotAcceptedAnyMoreIsToldToTryLater() throws Exception {
    accepted = false;
    open().write(FromWorker.newBuilder().setHello(hello()).build());
    FromRouter answer = heard.take();
    assertTrue(answer.getRefused().getLater(), answer::toString);
  }

  @Test
  void aRouterThatStopsTakesNobodyAndSaysLater() throws Exception {
    onLoop(uplinks::drain);
    open().write(FromWorker.newBuilder().setHello(hello()).build());
    FromRouter answer = heard.take();
    assertTrue(answer.getRefused().getLater(), answer::toString);
    assertTrue(answer.getRefused().getReason().contains("stopping"));
    assertTrue(!refused(hello().setCoefficient(0)).getLater(), "what is wrong stays wrong");
  }

  private Refused refused(Hello.Builder hello) throws Exception {
    open().write(FromWorker.newBuilder().setHello(hello).build());
    return heard.take().getRefused();
  }

  @Test
  void endingAConnectionLosesItsRunsAtOnce() throws Exception {
    attach();
    awaitWorkers(1);
    Lost lost = new Lost();
    HttpConnection connection = connections.take();
    onLoop(() -> fleet.workers().getFirst().run(run(), 1, lost));
    onLoop(() -> uplinks.end(connection, "IMAGE_NOT_ALLOWED", "an image", false));
    assertEquals(1, lost.times.get());
    assertEquals(0, fleet.workers().size());
    assertTrue(!ends.take().isEmpty(), "the worker hears of it");
  }

  @Test
  void drainingAConnectionLetsItsRunsFinishAndThenEndsIt() throws Exception {
    GrpcClientRequest<FromWorker, FromRouter> stream = attach();
    awaitWorkers(1);
    Lost lost = new Lost();
    HttpConnection connection = connections.take();
    onLoop(() -> fleet.workers().getFirst().run(run(), 1, lost));
    onLoop(() -> uplinks.end(connection, "IMAGE_NOT_ALLOWED", "an image", true));
    onLoop(uplinks::tick);
    assertEquals(Worker.State.DRAINING, stateOf(0));
    stream.write(
        FromWorker.newBuilder()
            .addDone(Done.newBuilder().setRun(1).setFinish(FinishReason.FINISH_STOP))
            .build());
    lost.finished.take();
    onLoop(uplinks::tick);
    awaitWorkers(0);
    assertEquals(0, lost.times.get());
  }

  @Test
  void aDrainedConnectionIsNotWaitedForWithoutEnd() throws Exception {
    attach();
    awaitWorkers(1);
    Lost lost = new Lost();
    HttpConnection connection = connections.take();
    onLoop(() -> fleet.workers().getFirst().run(run(), 1, lost));
    onLoop(() -> uplinks.end(connection, "IMAGE_NOT_ALLOWED", "an image", true));
    now.addAndGet(TimeUnit.SECONDS.toNanos(60));
    onLoop(uplinks::tick);
    awaitWorkers(0);
    assertEquals(1, lost.times.get(), "it goes on elsewhere");
  }

  @Test
  void aNewerLinkOfTheSameInstanceTakesOverAndKnowsTheLoadOfBoth() throws Exception {
    ByteString instance = ByteString.copyFromUtf8("0123456789abcdef");
    Hello.Builder hello = hello().setInstance(instance);
    open().write(FromWorker.newBuilder().setHello(hello).build());
    assertTrue(heard.take().hasWelcome());
    awaitWorkers(1);
    onLoop(() -> fleet.workers().getFirst().run(run(), 1, new Lost()));
    open()
        .write(
            FromWorker.newBuilder()
                .setHello(hello)
                .setLoad(LoadReport.newBuilder().setRunning(1))
                .build());
    awaitWorkers(2);
    assertEquals(Worker.State.DRAINING, stateOf(0));
    assertEquals(Worker.State.ATTACHED, stateOf(1));
    assertEquals(1, onLoop(() -> fleet.workers().get(1).occupied()).intValue(), "of two slots");
    assertEquals(
        1L,
        onLoop(() -> fleet.serving("m").stream().filter(ServedModel::accepting).count())
            .longValue(),
        "one machine, once");
    open().write(FromWorker.newBuilder().setHello(hello().setInstance(ByteString.EMPTY)).build());
    awaitWorkers(3);
    assertEquals(Worker.State.ATTACHED, stateOf(1), "another machine takes over from nobody");
  }

  /** Counts what becomes of a run. */
  private static final class Lost implements RunListener {
    final AtomicInteger times = new AtomicInteger();
    final BlockingQueue<Done> finished = new LinkedBlockingQueue<>();

    @Override
    public void tokens(Tokens tokens) {}

    @Override
    public void done(Done done) {
      finished.add(done);
    }

    @Override
    public void failed(Failed failed) {}

    @Override
    public void lost() {
      times.incrementAndGet();
    }

    @Override
    public void broken(Throwable fault) {
      throw new AssertionError(fault);
    }
  }
}
