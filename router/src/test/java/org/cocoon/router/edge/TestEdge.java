package org.cocoon.router.edge;

import com.google.protobuf.ByteString;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.PriceBook;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Tokens;
import org.cocoon.router.admission.Admission;
import org.cocoon.router.fleet.Fleet;
import org.cocoon.router.fleet.TestWorkers;
import org.cocoon.router.fleet.Worker;
import org.cocoon.router.ledger.Ledger;
import org.cocoon.router.path.RequestPath;
import org.cocoon.router.path.RouterMetrics;
import org.cocoon.router.settlement.NoSettlement;
import org.jspecify.annotations.Nullable;

/** The edge over a real socket, with a ledger in memory and a worker that the test plays. */
final class TestEdge {
  static final String BODY =
      "{\"model\":\"test-model\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

  final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
  final HttpClient http = HttpClient.newHttpClient();
  final RequestPath path;
  final int port;
  volatile NanoTon missing = NanoTon.ZERO;
  private final Context context = vertx.getOrCreateContext();
  private final BlockingQueue<FromRouter> down = new LinkedBlockingQueue<>();
  private final Fleet fleet = new Fleet();
  private final Deque<Run> runs = new ArrayDeque<>();
  private final List<String> features;
  private volatile Worker worker;

  /** Knows two keys, and has money for everything unless it is told otherwise. */
  private final class RichLedger implements Ledger {
    @Override
    public Future<Authentication> authenticate(String apiKey) {
      return Future.succeededFuture(
          switch (apiKey) {
            case "ck_test" -> new Authentication.Known(new Account(1, "test", 3));
            case "ck_other" -> new Authentication.Known(new Account(2, "other", 4));
            default -> new Authentication.Unknown();
          });
    }

    @Override
    public Future<HoldOutcome> hold(Account account, UUID requestId, NanoTon amount) {
      return Future.succeededFuture(
          missing.nanos() > 0
              ? new HoldOutcome.Insufficient(missing)
              : new HoldOutcome.Held(new Hold(account, requestId, amount)));
    }

    @Override
    public void release(Hold hold) {}

    @Override
    public Future<Receipt> charge(Hold hold, Usage usage) {
      return Future.succeededFuture(
          Receipt.sign(
              ReceiptKey.ofSeed(new byte[32]),
              new ReceiptTerms(
                  ReceiptTerms.NO_NETWORK,
                  null,
                  hold.requestId(),
                  hold.account().id(),
                  usage.model(),
                  usage.tokens(),
                  usage.price(),
                  usage.coefficient(),
                  usage.cost(),
                  0)));
    }

    @Override
    public Future<@Nullable Receipt> receipt(Account account, UUID requestId) {
      return Future.succeededFuture(null);
    }

    @Override
    public boolean available() {
      return true;
    }
  }

  TestEdge() throws Exception {
    this(List.of());
  }

  /** An edge whose worker's model has these features. */
  TestEdge(List<String> features) throws Exception {
    this(
        features,
        new Money(new MemoryMoney(), new NoSettlement(), ChainPlaces.NONE, InstantSource.system()));
  }

  /** An edge that settles. */
  TestEdge(List<String> features, Money money) throws Exception {
    Ledger ledger = new RichLedger();
    Admission admission = new Admission(PriceBook.of(Price.perMillion(10_000_000)), 64);
    path =
        new RequestPath(
            context,
            ledger,
            admission,
            fleet,
            RequestPath.Limits.DEFAULT,
            new RouterMetrics(new SimpleMeterRegistry()),
            System::nanoTime);
    this.features = features;
    worker = attach();
    NetworkView view =
        new NetworkView(
            "r",
            "1",
            "",
            () -> "policy",
            java.util.Optional::empty,
            List.of(),
            fleet,
            path,
            admission);
    AttestationView attestation =
        new AttestationView("r", () -> "certificate", () -> "policy", List.of(), fleet);
    HttpServer server =
        onLoop(
                () ->
                    listen(
                        new HttpEdge(
                            vertx, path, ledger, view, attestation, money, () -> "", false)))
            .await(20, TimeUnit.SECONDS);
    port = server.actualPort();
  }

  private Worker attach() {
    return TestWorkers.attach(
        fleet,
        "w",
        64,
        100_000,
        1000,
        features,
        System::nanoTime,
        down::add,
        task -> context.runOnContext(ignored -> task.run()));
  }

  private Future<HttpServer> listen(HttpEdge edge) {
    HttpServerOptions options =
        new HttpServerOptions()
            .setMaxWebSocketMessageSize(1 << 20)
            .setMaxWebSocketFrameSize(1 << 20)
            .addWebSocketSubProtocol(WebSocketEdge.SUBPROTOCOL);
    return vertx
        .createHttpServer(options)
        .connectionHandler(edge::connected)
        .invalidRequestHandler(edge::invalid)
        .requestHandler(edge.routes())
        .listen(0, "127.0.0.1");
  }

  void close() throws Exception {
    http.shutdownNow();
    vertx.close().await(10, TimeUnit.SECONDS);
  }

  private <T> Future<T> onLoop(Callable<Future<T>> work) {
    return Future.future(
        promise ->
            context.runOnContext(
                ignored -> {
                  try {
                    work.call().onComplete(promise);
                  } catch (Exception e) {
                    promise.fail(e);
                  }
                }));
  }

  /** Reads something on the event loop. */
  <T> T read(Callable<T> what) throws Exception {
    return onLoop(() -> Future.succeededFuture(what.call())).await(10, TimeUnit.SECONDS);
  }

  // ------------------------------------------------------------------ the worker

  Run nextRun() throws InterruptedException {
    while (runs.isEmpty()) {
      runs.addAll(down.take().getRunList());
    }
    return runs.remove();
  }

  void awaitCancel(long run) throws InterruptedException {
    while (down.take().getCancelList().stream().noneMatch(one -> one.getRun() == run)) {
      // until it comes
    }
  }

  void awaitCancels(List<Long> runs) throws InterruptedException {
    Set<Long> open = new HashSet<>(runs);
    while (!open.isEmpty()) {
      down.take().getCancelList().forEach(cancel -> open.remove(cancel.getRun()));
    }
  }

  void refuse(Run run, String message, String param) throws Exception {
    say(
        FromWorker.newBuilder()
            .addFailed(
                Failed.newBuilder()
                    .setRun(run.getRun())
                    .setCode(FailureCode.FAILURE_BAD_REQUEST)
                    .setMessage(message)
                    .setParam(param))
            .build());
  }

  void say(FromWorker message) throws Exception {
    read(
        () -> {
          TestWorkers.say(worker, message);
          return true;
        });
  }

  void answer(Run run, String text, int tokens) throws Exception {
    Tokens.Builder some =
        Tokens.newBuilder().setRun(run.getRun()).setText(ByteString.copyFromUtf8(text));
    for (int i = 0; i < tokens; i++) {
      some.addIds(i);
    }
    say(FromWorker.newBuilder().addTokens(some).build());
  }

  void finish(Run run) throws Exception {
    say(
        FromWorker.newBuilder()
            .addDone(
                Done.newBuilder()
                    .setRun(run.getRun())
                    .setFinish(FinishReason.FINISH_STOP)
                    .setPromptTokens(9))
            .build());
  }

  void loseWorker() throws Exception {
    read(
        () -> {
          TestWorkers.lose(fleet, worker);
          return true;
        });
  }

  /** Attaches another worker in the place of the one that was lost; its runs count from 1 again. */
  void attachAnother() throws Exception {
    read(
        () -> {
          worker = attach();
          return true;
        });
  }

  int inFlight() throws Exception {
    return read(() -> worker.inFlight());
  }

  // ------------------------------------------------------------------ a client

  /** A connection on which the test says what it likes. */
  final class Raw implements AutoCloseable {
    private final Socket socket;
    final InputStream in;

    Raw() throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout(20_000);
      in = socket.getInputStream();
    }

    Raw send(String text) throws IOException {
      write(text.getBytes(StandardCharsets.ISO_8859_1));
      return this;
    }

    void write(byte[] bytes) throws IOException {
      socket.getOutputStream().write(bytes);
    }

    Raw post(String target, String body) throws IOException {
      return send(head("POST", target, "content-length: " + body.length() + "\r\n") + body);
    }

    /** Status line, headers and a body of announced length. */
    String response() throws IOException {
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int next = in.read();
        if (next < 0) {
          throw new IOException("closed after: " + head);
        }
        head.append((char) next);
      }
      int at = head.indexOf("content-length: ");
      int length = at < 0 ? 0 : Integer.parseInt(head.substring(at + 16, head.indexOf("\r\n", at)));
      return head + new String(in.readNBytes(length), StandardCharsets.UTF_8);
    }

    boolean closed() throws IOException {
      return in.read() < 0;
    }

    @Override
    public void close() {
      try {
        socket.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  static String head(String method, String target, String headers) {
    return method
        + " "
        + target
        + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ck_test\r\n"
        + headers
        + "\r\n";
  }
}
