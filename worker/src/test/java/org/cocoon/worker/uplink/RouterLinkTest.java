package org.cocoon.worker.uplink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerRequest;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.cocoon.link.wire.Cancel;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Grant;
import org.cocoon.link.wire.Hello;
import org.cocoon.link.wire.Model;
import org.cocoon.link.wire.Refused;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Uplink;
import org.cocoon.link.wire.Welcome;
import org.cocoon.worker.engine.EmbeddingRequest;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.EngineLoad;
import org.cocoon.worker.engine.EngineSet;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.ServedModel;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A worker's links against routers that behave badly, without TLS. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class RouterLinkTest {
  private final BlockingQueue<GrpcServerRequest<FromWorker, FromRouter>> attached =
      new LinkedBlockingQueue<>();
  private final BlockingQueue<FromWorker> heard = new LinkedBlockingQueue<>();
  private final RecordingEngine engine = new RecordingEngine("m");
  private final EngineSet engines = EngineSet.of(engine);
  private final Map<String, GrpcServerRequest<FromWorker, FromRouter>> streams = new HashMap<>();
  private final Plain attestation = new Plain();
  private final BlockingQueue<String> forGood = new LinkedBlockingQueue<>();
  private final Uplinks uplinks = new Uplinks();
  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));

  /** Notes what it is asked; refuses to look at runs of some numbers. */
  private static final class RecordingEngine implements Engine {
    final BlockingQueue<RunKey> generated = new LinkedBlockingQueue<>();
    final BlockingQueue<RunKey> cancelled = new LinkedBlockingQueue<>();
    final BlockingQueue<RunKey> granted = new LinkedBlockingQueue<>();
    volatile long fullForRun = -1;
    final AtomicInteger fullForCancels = new AtomicInteger();
    private final String name;

    RecordingEngine(String name) {
      this.name = name;
    }

    @Override
    public ServedModel model() {
      return new ServedModel(name, "r", 100, 4, List.of(), "none", true);
    }

    @Override
    public void generate(GenerationRequest request) {
      if (request.key().run() == fullForRun) {
        throw new RejectedExecutionException("full");
      }
      generated.add(request.key());
    }

    @Override
    public void embed(EmbeddingRequest request) {}

    @Override
    public void cancel(RunKey key) {
      if (fullForCancels.getAndUpdate(left -> Math.max(left - 1, 0)) > 0) {
        throw new RejectedExecutionException("full");
      }
      cancelled.add(key);
    }

    @Override
    public void grant(RunKey key, int tokens) {
      granted.add(key);
    }

    @Override
    public EngineLoad load() {
      return new EngineLoad(generated.size(), 0, 0, 0, 0);
    }

    @Override
    public void close() {}
  }

  /** No TLS; routers are accepted, and links renewed, as a test says. */
  private static final class Plain implements Attestation {
    final BlockingQueue<HttpConnection> opened = new LinkedBlockingQueue<>();
    volatile boolean accepted = true;
    volatile Instant renewAt = Instant.MAX;
    volatile Instant now = Instant.EPOCH;

    @Override
    public Credentials fresh() {
      return new Credentials(
          new HttpClientOptions()
              .setProtocolVersion(HttpVersion.HTTP_2)
              .setHttp2ClearTextUpgrade(false),
          Instant.MAX);
    }

    @Override
    public String selfCheck() {
      return "";
    }

    @Override
    public @Nullable Instant opened(HttpConnection connection, Credentials own) {
      opened.add(connection);
      return accepted ? renewAt : null;
    }

    @Override
    public void closed(HttpConnection connection) {}

    @Override
    public InstantSource clock() {
      return () -> now;
    }
  }

  @BeforeEach
  void start() throws Exception {
    GrpcServer grpc = GrpcServer.server(vertx);
    grpc.callHandler(
        Uplink.server(),
        request -> {
          request.handler(heard::add);
          attached.add(request);
        });
    HttpServer server =
        vertx
            .createHttpServer()
            .requestHandler(grpc)
            .listen(0, "127.0.0.1")
            .await(10, TimeUnit.SECONDS);
    uplinks.start(
        vertx,
        List.of(SocketAddress.inetSocketAddress(server.actualPort(), "127.0.0.1")),
        new Uplinks.Identity("w", 1000, "test", true, "", null),
        engines,
        attestation,
        forGood::add);
  }

  @AfterEach
  void stop() throws Exception {
    uplinks.close();
    vertx.close().await(10, TimeUnit.SECONDS);
  }

  private GrpcServerRequest<FromWorker, FromRouter> welcomed() throws InterruptedException {
    GrpcServerRequest<FromWorker, FromRouter> stream = attached.take();
    while (!heard.take().hasHello()) {
      // what an earlier link still said
    }
    send(stream, FromRouter.newBuilder().setWelcome(Welcome.newBuilder().setVersion(1)));
    return stream;
  }

  private void send(GrpcServerRequest<FromWorker, FromRouter> stream, FromRouter.Builder message) {
    FromRouter built = message.build();
    vertx.getOrCreateContext().runOnContext(ignored -> stream.response().write(built));
  }

  private static Run run(long number) {
    return Run.newBuilder().setRun(number).setModel("m").setText("x").setCredit(8).build();
  }

  @Test
  void aFullEngineIsAnsweredBusyAndTheRestOfTheMessageIsObeyed() throws Exception {
    GrpcServerRequest<FromWorker, FromRouter> stream = welcomed();
    engine.fullForRun = 2;
    send(
        stream,
        FromRouter.newBuilder()
            .addRun(run(1))
            .addRun(run(2))
            .addRun(run(3))
            .addGrant(Grant.newBuilder().setRun(1).setTokens(5))
            .addGrant(Grant.newBuilder().setRun(77).setTokens(5))
            .addCancel(Cancel.newBuilder().setRun(3)));
    assertEquals(1, engine.generated.take().run());
    assertEquals(3, engine.generated.take().run());
    assertEquals(3, engine.cancelled.take().run());
    assertEquals(1, engine.granted.take().run());
    assertTrue(engine.granted.isEmpty(), "a run that nobody started is not granted");
    FromWorker answer = heard.take();
    while (answer.getFailedCount() == 0) {
      answer = heard.take();
    }
    assertEquals(2, answer.getFailed(0).getRun());
    assertEquals(FailureCode.FAILURE_BUSY, answer.getFailed(0).getCode());
  }

  @Test
  void dialsAgainAndFreesTheSlotsOfALinkThatEnded() throws Exception {
    GrpcServerRequest<FromWorker, FromRouter> first = welcomed();
    send(first, FromRouter.newBuilder().addRun(run(1)).addRun(run(2)));
    RunKey one = engine.generated.take();
    engine.generated.take();
    engine.fullForCancels.set(1); // the engine has no room to look at the first cancel just then
    vertx.runOnContext(ignored -> first.connection().close());
    GrpcServerRequest<FromWorker, FromRouter> second = welcomed();
    assertEquals(
        3, engine.cancelled.take().run() + engine.cancelled.take().run(), "both are cancelled");
    uplinks.stepped(
        new StepOutcome(
            List.of(new Delta(one, new int[] {7}, new byte[] {'x'}, List.of())), List.of()));
    send(second, FromRouter.newBuilder().addRun(run(1)));
    RunKey again = engine.generated.take();
    assertNotEquals(one, again, "the same number on another link is another run");
    uplinks.stepped(
        new StepOutcome(
            List.of(new Delta(again, new int[] {8}, new byte[] {'y'}, List.of())), List.of()));
    FromWorker answer = heard.take();
    while (answer.getTokensCount() == 0) {
      answer = heard.take();
    }
    assertEquals(8, answer.getTokens(0).getIds(0), "tokens of the old link are dropped");
  }

  @Test
  void cutsOffARouterThatGivesOneNumberToTwoRuns() throws Exception {
    GrpcServerRequest<FromWorker, FromRouter> stream = welcomed();
    send(stream, FromRouter.newBuilder().addRun(run(5)).addRun(run(5)));
    assertEquals(5, engine.generated.take().run());
    assertEquals(5, engine.cancelled.take().run());
    assertNotNull(welcomed(), "it dials again");
    assertTrue(engine.generated.isEmpty());
  }

  @Test
  void startsNothingForARouterThatDidNotWelcomeIt() throws Exception {
    GrpcServerRequest<FromWorker, FromRouter> stream = attached.take();
    send(stream, FromRouter.newBuilder().addRun(run(1)));
    assertNotNull(welcomed(), "it dials again");
    assertTrue(engine.generated.isEmpty());
  }

  private static GrpcServerRequest<FromWorker, FromRouter> withEnd(
      GrpcServerRequest<FromWorker, FromRouter> stream, BlockingQueue<String> ends, String name) {
    stream.endHandler(ignored -> ends.add(name));
    return stream;
  }

  private Hello helloAndWelcome(BlockingQueue<String> ends, String name) throws Exception {
    GrpcServerRequest<FromWorker, FromRouter> stream = withEnd(attached.take(), ends, name);
    streams.put(name, stream);
    FromWorker first = heard.take();
    while (!first.hasHello()) {
      first = heard.take();
    }
    send(stream, FromRouter.newBuilder().setWelcome(Welcome.newBuilder().setVersion(1)));
    return first.getHello();
  }

  private GrpcServerRequest<FromWorker, FromRouter> stream(String name) {
    return Objects.requireNonNull(streams.get(name), name);
  }

  private void finish(RunKey key) {
    uplinks.stepped(
        new StepOutcome(
            List.of(),
            List.of(new Ended.Finished(key, FinishReason.STOP, null, 1, 1, 0, 0, 0, 0))));
  }

  @Test
  void aRenewedLinkTakesOverAndTheOldOneEndsWithItsLastRun() throws Exception {
    BlockingQueue<String> ends = new LinkedBlockingQueue<>();
    attestation.renewAt = Instant.EPOCH.plusSeconds(60);
    Hello first = helloAndWelcome(ends, "old");
    send(stream("old"), FromRouter.newBuilder().addRun(run(1)));
    RunKey onOld = engine.generated.take();
    attestation.renewAt = Instant.MAX;
    attestation.now = Instant.EPOCH.plusSeconds(60);
    Hello second = helloAndWelcome(ends, "new");
    assertEquals(16, first.getInstance().size());
    assertEquals(first.getInstance(), second.getInstance());
    FromWorker next = heard.take();
    while (!next.getDraining()) {
      next = heard.take();
    }
    send(stream("old"), FromRouter.newBuilder().addRun(run(2)));
    RunKey late = engine.generated.take();
    assertEquals(onOld.link(), late.link(), "what was on its way still starts");
    send(stream("new"), FromRouter.newBuilder().addRun(run(1)));
    RunKey onNew = engine.generated.take();
    assertNotEquals(onOld.link(), onNew.link());
    assertTrue(engine.cancelled.isEmpty(), "nothing was dropped");
    finish(onOld);
    assertTrue(ends.isEmpty(), "one of its runs is left");
    finish(late);
    assertEquals("old", ends.take());
    finish(onNew);
    FromWorker last = heard.take();
    while (last.getDoneCount() == 0 || last.getDone(0).getRun() != 1) {
      last = heard.take();
    }
    assertTrue(engine.cancelled.isEmpty());
  }

  @Test
  void aRefusalForNowIsTriedAgainAndOneForGoodIsNot() throws Exception {
    GrpcServerRequest<FromWorker, FromRouter> stream = attached.take();
    send(
        stream,
        FromRouter.newBuilder().setRefused(Refused.newBuilder().setReason("full").setLater(true)));
    GrpcServerRequest<FromWorker, FromRouter> again = attached.take();
    assertTrue(forGood.isEmpty());
    send(again, FromRouter.newBuilder().setRefused(Refused.newBuilder().setReason("too old")));
    assertEquals("too old", forGood.take());
  }

  @Test
  void aRouterThatIsNoLongerListedGetsWhatRunsAndANewOneIsDialled() throws Exception {
    BlockingQueue<String> ends = new LinkedBlockingQueue<>();
    helloAndWelcome(ends, "first");
    send(stream("first"), FromRouter.newBuilder().addRun(run(7)));
    RunKey key = engine.generated.take();
    ScriptedRouter second = new ScriptedRouter(vertx);
    Context loop = vertx.getOrCreateContext();
    loop.runOnContext(ignored -> uplinks.attachTo(List.of(second.address())));
    assertEquals("w", second.hellos.take().getName());
    FromWorker next = heard.take();
    while (!next.getDraining()) {
      next = heard.take();
    }
    assertTrue(ends.isEmpty(), "its run is not done");
    finish(key);
    assertEquals("first", ends.take());
    assertTrue(engine.cancelled.isEmpty());
    assertTrue(attached.isEmpty(), "and nobody dials it again");
    second.send(FromRouter.newBuilder().addRun(run(1)));
    RunKey other = engine.generated.take();
    assertNotEquals(key.link() >>> 32, other.link() >>> 32);
    loop.runOnContext(ignored -> uplinks.attachTo(List.of(second.address())));
    finish(other);
    assertNotNull(second.ended(1).done);
    assertTrue(second.hellos.isEmpty(), "the same list changes nothing");
  }

  @Test
  void aRouterThatIsNoLongerAcceptedLosesItsLinkAndItsRuns() throws Exception {
    GrpcServerRequest<FromWorker, FromRouter> stream = welcomed();
    HttpConnection connection = attestation.opened.take();
    send(stream, FromRouter.newBuilder().addRun(run(7)));
    engine.generated.take();
    attestation.accepted = false;
    vertx
        .getOrCreateContext()
        .runOnContext(ignored -> uplinks.end(connection, "IMAGE_NOT_ALLOWED", "", false));
    assertEquals(7, engine.cancelled.take().run());
    send(welcomed(), FromRouter.newBuilder().addRun(run(1)));
    assertNotNull(welcomed(), "it is welcome and not accepted: dialled again, and again");
    assertTrue(engine.generated.isEmpty(), "and nothing runs for it");
  }

  @Test
  void aRouterThatIsNoLongerAcceptedMayGetWhatRunsIfThePolicySaysSo() throws Exception {
    BlockingQueue<String> ends = new LinkedBlockingQueue<>();
    helloAndWelcome(ends, "old");
    HttpConnection connection = attestation.opened.take();
    send(stream("old"), FromRouter.newBuilder().addRun(run(7)));
    RunKey key = engine.generated.take();
    vertx
        .getOrCreateContext()
        .runOnContext(ignored -> uplinks.end(connection, "IMAGE_NOT_ALLOWED", "", true));
    FromWorker next = heard.take();
    while (!next.getDraining()) {
      next = heard.take();
    }
    finish(key);
    assertEquals("old", ends.take());
    assertTrue(engine.cancelled.isEmpty());
    assertNotNull(welcomed(), "it dials again");
  }

  private static Run runOf(String model, long number) {
    return run(number).toBuilder().setModel(model).build();
  }

  private List<String> modelsTold() throws InterruptedException {
    FromWorker next = heard.take();
    while (!next.hasModels()) {
      next = heard.take();
    }
    return next.getModels().getModelsList().stream().map(Model::getName).toList();
  }

  private void tellModels() throws Exception {
    uplinks.modelsChanged().await(10, TimeUnit.SECONDS);
  }

  @Test
  void aRouterHearsOfModelsThatComeAndGoAndWhatIsOnItsWayStillStarts() throws Exception {
    GrpcServerRequest<FromWorker, FromRouter> stream = welcomed();
    send(stream, FromRouter.newBuilder().addRun(runOf("m", 1)));
    assertEquals(1, engine.generated.take().run());
    RecordingEngine other = new RecordingEngine("n");
    engines.add(other);
    tellModels();
    assertEquals(List.of("m", "n"), modelsTold());
    send(stream, FromRouter.newBuilder().addRun(runOf("n", 2)));
    assertEquals(2, other.generated.take().run());
    send(
        stream,
        FromRouter.newBuilder()
            .addGrant(Grant.newBuilder().setRun(2).setTokens(1))
            .addCancel(Cancel.newBuilder().setRun(1)));
    assertEquals(2, other.granted.take().run());
    assertEquals(1, engine.cancelled.take().run(), "each at the engine that has it");
    engines.giveUp("n");
    tellModels();
    assertEquals(List.of("m"), modelsTold());
    send(stream, FromRouter.newBuilder().addRun(runOf("n", 3)));
    assertEquals(3, other.generated.take().run());
    engines.remove("n");
    send(stream, FromRouter.newBuilder().addRun(runOf("n", 4)));
    FromWorker answer = heard.take();
    while (answer.getFailedCount() == 0) {
      answer = heard.take();
    }
    assertEquals(4, answer.getFailed(0).getRun());
    assertEquals(FailureCode.FAILURE_DRAINING, answer.getFailed(0).getCode());
    assertTrue(other.cancelled.isEmpty() && other.generated.isEmpty());
  }

  @Test
  void aRouterThatIsDialledAgainHearsTheModelsOfNowAndTheLoadOfEach() throws Exception {
    BlockingQueue<String> ends = new LinkedBlockingQueue<>();
    assertEquals(1, helloAndWelcome(ends, "first").getModelsCount());
    RecordingEngine other = new RecordingEngine("n");
    other.generated.add(new RunKey(9, 9));
    engines.add(other);
    tellModels();
    vertx.runOnContext(ignored -> stream("first").connection().close());
    assertEquals(2, helloAndWelcome(ends, "second").getModelsCount());
    FromWorker next = heard.take();
    while (!next.hasLoad() || next.getLoad().getModelsCount() == 0) {
      next = heard.take();
    }
    assertEquals(1, next.getLoad().getRunning());
    assertEquals("m", next.getLoad().getModels(0).getName());
    assertEquals(0, next.getLoad().getModels(0).getRunning());
    assertEquals(1, next.getLoad().getModels(1).getRunning());
  }

  @Test
  void aRouterThatWelcomesLateHearsWhatChangedMeanwhile() throws Exception {
    GrpcServerRequest<FromWorker, FromRouter> stream = attached.take();
    assertEquals(1, heard.take().getHello().getModelsCount());
    engines.add(new RecordingEngine("n"));
    tellModels();
    send(stream, FromRouter.newBuilder().setWelcome(Welcome.newBuilder().setVersion(1)));
    assertEquals(List.of("m", "n"), modelsTold());
  }
}
