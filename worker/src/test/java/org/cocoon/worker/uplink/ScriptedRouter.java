package org.cocoon.worker.uplink;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerRequest;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.GroupKeyStatement;
import org.cocoon.link.wire.Hello;
import org.cocoon.link.wire.Tokens;
import org.cocoon.link.wire.Uplink;
import org.cocoon.link.wire.Welcome;
import org.jspecify.annotations.Nullable;

/** A router without TLS that welcomes one worker and notes what it hears of each run. */
final class ScriptedRouter {
  /** What a run came to. */
  static final class Answer {
    final List<Tokens> tokens = new ArrayList<>();
    @Nullable Done done;
    @Nullable Failed failed;
  }

  /** Accepts everything. */
  static final Attestation OPEN =
      new Attestation() {
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
        public Instant opened(HttpConnection connection, Credentials own) {
          return Instant.MAX;
        }

        @Override
        public void closed(HttpConnection connection) {}

        @Override
        public InstantSource clock() {
          return InstantSource.system();
        }
      };

  final BlockingQueue<Hello> hellos = new LinkedBlockingQueue<>();
  final BlockingQueue<List<GroupKeyStatement>> groupKeys = new LinkedBlockingQueue<>();
  final BlockingQueue<Long> ended = new LinkedBlockingQueue<>();
  final BlockingQueue<Long> first = new LinkedBlockingQueue<>();
  final Map<Long, Answer> answers = new ConcurrentHashMap<>();
  private final BlockingQueue<GrpcServerRequest<FromWorker, FromRouter>> streams =
      new LinkedBlockingQueue<>();
  private final Context context;
  private final HttpServer server;
  private @Nullable GrpcServerRequest<FromWorker, FromRouter> stream;

  ScriptedRouter(Vertx vertx) throws Exception {
    context = vertx.getOrCreateContext();
    GrpcServer grpc = GrpcServer.server(vertx);
    grpc.callHandler(
        Uplink.server(),
        request -> {
          request.handler(message -> heard(request, message));
          streams.add(request);
        });
    server =
        vertx
            .createHttpServer()
            .requestHandler(grpc)
            .listen(0, "127.0.0.1")
            .await(10, TimeUnit.SECONDS);
  }

  SocketAddress address() {
    return SocketAddress.inetSocketAddress(server.actualPort(), "127.0.0.1");
  }

  private void heard(GrpcServerRequest<FromWorker, FromRouter> request, FromWorker message) {
    if (message.hasHello()) {
      hellos.add(message.getHello());
      request
          .response()
          .write(FromRouter.newBuilder().setWelcome(Welcome.newBuilder().setVersion(1)).build());
    }
    if (message.getGroupKeysCount() > 0) {
      groupKeys.add(message.getGroupKeysList());
    }
    for (Tokens tokens : message.getTokensList()) {
      Answer answer = answers.computeIfAbsent(tokens.getRun(), run -> new Answer());
      answer.tokens.add(tokens);
      if (answer.tokens.size() == 1) {
        first.add(tokens.getRun());
      }
    }
    for (Done done : message.getDoneList()) {
      answers.computeIfAbsent(done.getRun(), run -> new Answer()).done = done;
      ended.add(done.getRun());
    }
    for (Failed failed : message.getFailedList()) {
      answers.computeIfAbsent(failed.getRun(), run -> new Answer()).failed = failed;
      ended.add(failed.getRun());
    }
  }

  void send(FromRouter.Builder message) throws InterruptedException {
    GrpcServerRequest<FromWorker, FromRouter> to = stream == null ? streams.take() : stream;
    stream = to;
    FromRouter built = message.build();
    context.runOnContext(ignored -> to.response().write(built));
  }

  /** Waits until this run ended, and no other. */
  Answer ended(long run) throws InterruptedException {
    Long next = ended.take();
    if (next != run) {
      throw new AssertionError("run " + next + " ended, not " + run);
    }
    return answer(run);
  }

  Answer answer(long run) {
    Answer answer = answers.get(run);
    if (answer == null) {
      throw new AssertionError("nothing was heard of run " + run);
    }
    return answer;
  }
}
