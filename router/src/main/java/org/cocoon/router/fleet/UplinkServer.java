package org.cocoon.router.fleet;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerOptions;
import io.vertx.grpc.server.GrpcServerRequest;
import io.vertx.grpc.server.GrpcServerResponse;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Hello;
import org.cocoon.link.wire.Model;
import org.cocoon.link.wire.Refused;
import org.cocoon.link.wire.Uplink;
import org.cocoon.link.wire.Welcome;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where workers attach. The TLS layer has verified a worker's evidence before a byte arrives here;
 * this class checks what the worker says of itself and turns its messages into calls of {@link
 * Worker}.
 */
public final class UplinkServer {
  private static final Logger log = LoggerFactory.getLogger(UplinkServer.class);
  private static final int MAX_MODELS = 64;
  private static final int MAX_NAME = 64;
  private static final int MAX_MODEL_NAME = 255;
  private static final int MAX_SLOTS = 65_536;
  private static final int MAX_REVISION = 255;
  private static final int MAX_FEATURES = 32;
  private static final int MAX_SIMULATED = 8;
  private static final int MAX_WORKERS = 20_000;

  /** For so long the queue down a link may be full: a prompt of 4 MiB at 1 Mbit/s passes. */
  private static final long UNREAD_NANOS = TimeUnit.SECONDS.toNanos(40);

  private static final long HELLO_TIMEOUT_MILLIS = TimeUnit.SECONDS.toMillis(10);

  /**
   * What the link's evidence said of the peer.
   *
   * @param id fingerprint of its key, hex
   * @param imageHash of its measured image, hex
   * @param simulated whether the evidence is simulated
   */
  public record Peer(String id, String imageHash, boolean simulated) {}

  private final Vertx vertx;
  private final Context context;
  private final Fleet fleet;
  private final String routerName;
  private final Function<HttpConnection, @Nullable Peer> peerOf;
  private final LongSupplier nanoClock;
  private final Map<Worker, Attachment> attachments = new HashMap<>();
  private long lastTickNanos;

  /** Serves one fleet on the current context. */
  public UplinkServer(
      Vertx vertx,
      Fleet fleet,
      String routerName,
      Function<HttpConnection, @Nullable Peer> peerOf,
      LongSupplier nanoClock) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.fleet = fleet;
    this.routerName = routerName;
    this.peerOf = peerOf;
    this.nanoClock = nanoClock;
    this.lastTickNanos = nanoClock.getAsLong();
  }

  /** The handler for an HTTP/2 server with attested TLS. */
  public GrpcServer handler() {
    GrpcServer server =
        GrpcServer.server(vertx, new GrpcServerOptions().setMaxMessageSize(Uplink.MAX_UP_BYTES));
    server.callHandler(Uplink.server(), this::attach);
    return server;
  }

  private void attach(GrpcServerRequest<FromWorker, FromRouter> request) {
    Attachment attachment = new Attachment(request);
    request.handler(attachment::heard);
    request.endHandler(ignored -> attachment.over("the worker ended the stream"));
    request.exceptionHandler(fault -> attachment.over(reason(fault)));
    request.errorHandler(error -> attachment.over(error.toString()));
    request.invalidMessageHandler(ignored -> attachment.over("a message that is no message"));
    request.connection().closeHandler(ignored -> attachment.over("the connection closed"));
    vertx.setTimer(HELLO_TIMEOUT_MILLIS, ignored -> attachment.helloDue());
  }

  private static String reason(Throwable fault) {
    String message = fault.getMessage();
    return message == null ? fault.getClass().getSimpleName() : message;
  }

  /** Ends links of workers that went silent, and closes a window of rates; about each second. */
  public void tick() {
    long now = nanoClock.getAsLong();
    long window = now - lastTickNanos;
    lastTickNanos = now;
    for (Worker worker : List.copyOf(fleet.workers())) {
      worker.tick(window);
      Attachment attachment = attachments.get(worker);
      if (attachment == null) {
        continue;
      }
      if (worker.silentFor(Fleet.SILENCE_NANOS)) {
        attachment.over(
            "silent for %d s".formatted(TimeUnit.NANOSECONDS.toSeconds(Fleet.SILENCE_NANOS)));
      } else if (attachment.readsNothing(now)) {
        attachment.over(
            "read nothing for %d s".formatted(TimeUnit.NANOSECONDS.toSeconds(UNREAD_NANOS)));
      }
    }
  }

  /** One link, from its first message to its end. */
  private final class Attachment {
    private final GrpcServerRequest<FromWorker, FromRouter> request;
    private final GrpcServerResponse<FromWorker, FromRouter> response;
    private @Nullable Worker worker;
    private boolean over;
    private boolean full;
    private long fullSinceNanos;

    Attachment(GrpcServerRequest<FromWorker, FromRouter> request) {
      this.request = request;
      this.response = request.response();
    }

    void heard(FromWorker message) {
      Worker attached = worker;
      if (over) {
        return;
      }
      if (attached != null) {
        attached.heard(message);
        return;
      }
      Peer peer = peerOf.apply(request.connection());
      String wrong = peer == null ? "no verified evidence on this link" : wrong(message);
      if (wrong != null || peer == null) {
        refuse(String.valueOf(wrong));
        return;
      }
      welcome(message.getHello(), peer);
    }

    void helloDue() {
      if (worker == null && !over) {
        refuse("no hello within %d s".formatted(HELLO_TIMEOUT_MILLIS / 1000));
      }
    }

    private void refuse(String why) {
      log.warn(
          "event=worker_refused peer={} reason=\"{}\"", request.connection().remoteAddress(), why);
      over = true;
      // Written before the status is set: a status on the head would make the message unreadable.
      response.write(
          FromRouter.newBuilder().setRefused(Refused.newBuilder().setReason(why)).build());
      response.status(GrpcStatus.FAILED_PRECONDITION).statusMessage(why);
      response.end();
    }

    private void welcome(Hello hello, Peer peer) {
      Set<String> simulated = new HashSet<>(hello.getSimulatedList());
      if (peer.simulated()) {
        simulated.add("tee");
      }
      WorkerIdentity identity =
          new WorkerIdentity(
              peer.id(),
              hello.getName(),
              peer.imageHash(),
              Instant.now(),
              hello.getSoftware(),
              simulated.stream().sorted().toList());
      Worker attached =
          new Worker(
              identity,
              hello.getModelsList(),
              hello.getCoefficient(),
              fleet.groupKeys(),
              nanoClock,
              response::write,
              task -> context.runOnContext(ignored -> task.run()),
              fleet::capacityChanged);
      worker = attached;
      attachments.put(attached, this);
      response.write(
          FromRouter.newBuilder()
              .setWelcome(Welcome.newBuilder().setVersion(Uplink.VERSION).setRouter(routerName))
              .build());
      log.info(
          "event=worker_attached worker={} name={} image={} models={} slots={} coefficient={} simulated={} peer={}",
          identity.id(),
          identity.name(),
          identity.imageHash(),
          attached.models().stream().map(Model::getName).toList(),
          attached.slots(),
          attached.coefficient(),
          identity.simulated(),
          request.connection().remoteAddress());
      fleet.attach(attached);
    }

    /** Whether the worker has taken nothing for too long of what it was sent. */
    boolean readsNothing(long now) {
      if (!full) {
        fullSinceNanos = now;
      }
      full = response.writeQueueFull();
      return full && now - fullSinceNanos > UNREAD_NANOS;
    }

    /** Both ends must agree that a link is over, so the connection ends with it. */
    void over(String why) {
      if (over) {
        return;
      }
      over = true;
      request.connection().close();
      Worker attached = worker;
      if (attached != null) {
        attachments.remove(attached);
        log.info(
            "event=worker_detached worker={} name={} in_flight={} reason=\"{}\"",
            attached.identity().id(),
            attached.identity().name(),
            attached.inFlight(),
            why);
        fleet.detach(attached);
      }
    }
  }

  /** What is wrong with a first message, or null. */
  private @Nullable String wrong(FromWorker message) {
    if (!message.hasHello()) {
      return "the first message must be a hello";
    }
    Hello hello = message.getHello();
    if (hello.getMinVersion() > Uplink.VERSION || hello.getMaxVersion() < Uplink.VERSION) {
      return "this router speaks protocol version %d, the worker %d to %d; update the older one"
          .formatted(Uplink.VERSION, hello.getMinVersion(), hello.getMaxVersion());
    }
    if (fleet.workers().size() >= MAX_WORKERS) {
      return "this router has %d workers, which is its limit".formatted(MAX_WORKERS);
    }
    if (!plain(hello.getName(), MAX_NAME)) {
      return "a worker's name is 1 to %d printable characters".formatted(MAX_NAME);
    }
    if (hello.getModelsCount() < 1 || hello.getModelsCount() > MAX_MODELS) {
      return "a worker offers 1 to %d models".formatted(MAX_MODELS);
    }
    Set<String> names = new HashSet<>();
    for (Model model : hello.getModelsList()) {
      if (!names.add(model.getName())) {
        return "a model stands twice in the hello";
      }
      if (model.getRevision().length() > MAX_REVISION) {
        return "a model's revision is at most %d characters".formatted(MAX_REVISION);
      }
      if (model.getFeaturesCount() > MAX_FEATURES
          || !model.getFeaturesList().stream().allMatch(what -> plain(what, MAX_NAME))) {
        return "a model's features are at most %d words".formatted(MAX_FEATURES);
      }
      if (!plain(model.getName(), MAX_MODEL_NAME)
          || model.getSlots() < 1
          || model.getSlots() > MAX_SLOTS
          || model.getContextTokens() < 1) {
        return "a model needs a name, 1 to %d slots and a context".formatted(MAX_SLOTS);
      }
    }
    if (!hello.getSoftware().isEmpty() && !plain(hello.getSoftware(), MAX_NAME)) {
      return "a software version is at most %d printable characters".formatted(MAX_NAME);
    }
    if (hello.getSimulatedCount() > MAX_SIMULATED
        || !hello.getSimulatedList().stream().allMatch(what -> plain(what, MAX_NAME))) {
      return "what is simulated is at most %d words".formatted(MAX_SIMULATED);
    }
    if (hello.getCoefficient() < 1 || hello.getCoefficient() > 1_000_000) {
      return "a coefficient is 1 to 1000000 (1000 = 1.0)";
    }
    return null;
  }

  private static boolean plain(String text, int most) {
    return !text.isEmpty()
        && text.length() <= most
        && text.chars().allMatch(c -> c > 0x20 && c < 0x7f && c != '"' && c != '\\');
  }
}
