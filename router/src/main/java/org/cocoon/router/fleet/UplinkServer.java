package org.cocoon.router.fleet;

import com.google.protobuf.ByteString;
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
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.cocoon.link.wire.Earnings;
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
  private static final int MAX_WORKERS = 20_000;

  /** For so long the queue down a link may be full: a prompt of 4 MiB at 1 Mbit/s passes. */
  private static final long UNREAD_NANOS = TimeUnit.SECONDS.toNanos(40);

  private static final long HELLO_TIMEOUT_MILLIS = TimeUnit.SECONDS.toMillis(10);

  /** A link that may only finish what it has is ended after so long, finished or not. */
  private static final long LEAVING_NANOS = TimeUnit.SECONDS.toNanos(30);

  /**
   * What the link's evidence said of the peer.
   *
   * @param id fingerprint of its key, hex
   * @param imageHash of its measured image, hex
   * @param simulated whether the evidence is simulated
   * @param certificate its link certificate, base64 of the DER
   */
  public record Peer(String id, String imageHash, boolean simulated, String certificate) {}

  /** Who is at the other end of a connection. */
  public interface Peers {
    /** What its evidence says by the policy of now, or null if it is not accepted. */
    @Nullable Peer of(HttpConnection connection);

    /** What the verdict on it says of its platform's security level, for people. */
    String tcbStatus(HttpConnection connection);

    /** The connection ended. */
    void closed(HttpConnection connection);

    /** Why the weights that a worker offers may not be served now; empty if they may. */
    default Optional<String> unlisted(Model model) {
      return Optional.empty();
    }
  }

  private final Vertx vertx;
  private final Context context;
  private final Fleet fleet;
  private final Welcome welcome;
  private final Peers peers;
  private final LongSupplier nanoClock;
  private final Map<Worker, Attachment> attachments = new HashMap<>();
  private final Map<ByteString, Worker> instances = new HashMap<>();
  private final Map<String, Earnings> earnings = new HashMap<>();
  private boolean draining;
  private long lastTickNanos;

  /**
   * Serves one fleet on the current context.
   *
   * @param welcome what each worker is told of this router
   */
  public UplinkServer(
      Vertx vertx, Fleet fleet, Welcome welcome, Peers peers, LongSupplier nanoClock) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.fleet = fleet;
    this.welcome = welcome;
    this.peers = peers;
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

  /**
   * Ends links of workers that went silent, closes a window of rates, and asks what is known of
   * their platforms; about each second.
   */
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
      worker.tcbStatus(peers.tcbStatus(attachment.request.connection()));
      if (worker.silentFor(Fleet.SILENCE_NANOS)) {
        attachment.over(
            "silent for %d s".formatted(TimeUnit.NANOSECONDS.toSeconds(Fleet.SILENCE_NANOS)));
      } else if (attachment.readsNothing(now)) {
        attachment.over(
            "read nothing for %d s".formatted(TimeUnit.NANOSECONDS.toSeconds(UNREAD_NANOS)));
      } else if (attachment.left(now)) {
        attachment.over("it may not stay");
      } else {
        String unlisted = attachment.models.lookAgain(worker);
        if (unlisted != null) {
          attachment.end("MODEL_NOT_LISTED", unlisted, false);
        }
      }
    }
  }

  /**
   * Ends what came over a connection whose peer is no longer accepted.
   *
   * @param reason a constant's name, for the log
   * @param detail what was found and what would be right
   * @param drainFirst whether its runs may finish, for a bounded time; otherwise other workers go
   *     on with them at once
   */
  public void end(HttpConnection connection, String reason, String detail, boolean drainFirst) {
    for (Attachment attachment : List.copyOf(attachments.values())) {
      if (attachment.request.connection().equals(connection)) {
        attachment.end(reason, detail, drainFirst);
      }
    }
  }

  /** The payout addresses of the workers that are here. */
  public Set<String> payouts() {
    Set<String> payouts = new HashSet<>();
    for (Worker worker : attachments.keySet()) {
      payouts.add(worker.identity().payout());
    }
    payouts.remove("");
    return payouts;
  }

  /**
   * Tells workers what their payout addresses have earned, where that is news, and those that
   * attach later what was said last.
   *
   * @param news by raw address
   */
  public void earned(Map<String, Earnings> news) {
    Set<String> here = payouts();
    earnings.keySet().retainAll(here);
    for (Worker worker : attachments.keySet()) {
      Earnings said = news.get(worker.identity().payout());
      if (said != null && !said.equals(earnings.get(worker.identity().payout()))) {
        worker.tell(said);
      }
    }
    for (Map.Entry<String, Earnings> each : news.entrySet()) {
      if (here.contains(each.getKey())) {
        earnings.put(each.getKey(), each.getValue());
      }
    }
  }

  /** Takes no more workers, and tells those that are here that this router goes. */
  public void drain() {
    draining = true;
    fleet.drain();
  }

  /** One link, from its first message to its end. */
  private final class Attachment {
    private final GrpcServerRequest<FromWorker, FromRouter> request;
    private final GrpcServerResponse<FromWorker, FromRouter> response;
    private @Nullable Worker worker;
    private final OfferedModels models = new OfferedModels(fleet, peers);
    private ByteString instance = ByteString.EMPTY;
    private boolean over;
    private boolean full;
    private long fullSinceNanos;
    private boolean leaving;
    private long leavingSinceNanos;

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
        String wrong = message.hasModels() ? models.announced(attached, message.getModels()) : null;
        if (wrong == null) {
          attached.heard(message);
        } else {
          over(wrong);
        }
        return;
      }
      String wrong = HelloRules.wrong(message);
      if (wrong != null) {
        refuse(wrong, false);
        return;
      }
      if (draining) {
        refuse("this router is stopping", true);
        return;
      }
      if (fleet.workers().size() >= MAX_WORKERS) {
        refuse("this router has %d workers, which is its limit".formatted(MAX_WORKERS), true);
        return;
      }
      Peer peer = peers.of(request.connection());
      if (peer == null) {
        refuse("the evidence on this link is not, or no longer, accepted", true);
        return;
      }
      List<Model> taken = models.begin(message.getHello().getModelsList());
      if (taken.isEmpty()) {
        refuse(models.reason(), true);
        return;
      }
      welcome(message, peer, taken);
    }

    void helloDue() {
      if (worker == null && !over) {
        refuse("no hello within %d s".formatted(HELLO_TIMEOUT_MILLIS / 1000), true);
      }
    }

    private void refuse(String why, boolean later) {
      log.warn(
          "event=worker_refused peer={} later={} reason=\"{}\"",
          request.connection().remoteAddress(),
          later,
          why);
      over = true;
      // Written before the status is set: a status on the head would make the message unreadable.
      response.write(
          FromRouter.newBuilder()
              .setRefused(Refused.newBuilder().setReason(why).setLater(later))
              .build());
      response.status(GrpcStatus.FAILED_PRECONDITION).statusMessage(why);
      response.end();
    }

    private void welcome(FromWorker first, Peer peer, List<Model> taken) {
      Hello hello = first.getHello();
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
              simulated.stream().sorted().toList(),
              peer.certificate(),
              hello.getPayout());
      Worker attached =
          new Worker(
              identity,
              taken,
              hello.getCoefficient(),
              fleet.groupKeys(),
              nanoClock,
              response::write,
              task -> context.runOnContext(ignored -> task.run()),
              fleet::capacityChanged);
      worker = attached;
      attached.tcbStatus(peers.tcbStatus(request.connection()));
      attachments.put(attached, this);
      response.write(FromRouter.newBuilder().setWelcome(welcome).build());
      Earnings owed = earnings.get(identity.payout());
      if (owed != null) {
        attached.tell(owed);
      }
      models.attached(attached);
      log.info(
          "event=worker_attached worker={} name={} image={} models={} slots={} coefficient={} simulated={} peer={}",
          identity.id(),
          identity.name(),
          identity.imageHash(),
          OfferedModels.names(taken),
          attached.slots(),
          attached.coefficient(),
          identity.simulated(),
          request.connection().remoteAddress());
      instance = hello.getInstance();
      takeOver(attached);
      attached.heard(first); // its load, so that what it computes already counts from the start
      fleet.attach(attached);
    }

    /** One machine's slots count once: its newest link takes what is new, the others finish. */
    private void takeOver(Worker attached) {
      Worker before = instance.isEmpty() ? null : instances.put(instance, attached);
      if (before != null) {
        before.retire();
        log.info(
            "event=link_renewed worker={} before={} name={} in_flight={}",
            attached.identity().id(),
            before.identity().id(),
            attached.identity().name(),
            before.inFlight());
      }
    }

    void end(String reason, String detail, boolean drainFirst) {
      Worker attached = worker;
      if (over || attached == null) {
        return;
      }
      log.warn(
          "event=link_ended worker={} name={} in_flight={} drain={} reason={} detail=\"{}\"",
          attached.identity().id(),
          attached.identity().name(),
          attached.inFlight(),
          drainFirst,
          reason,
          detail);
      if (drainFirst && attached.inFlight() > 0) {
        leaving = true;
        leavingSinceNanos = nanoClock.getAsLong();
        attached.retire();
      } else {
        over(reason);
      }
    }

    /** Whether it has finished what it was left to finish, or has had its time. */
    boolean left(long now) {
      Worker attached = worker;
      return leaving
          && attached != null
          && (attached.inFlight() == 0 || now - leavingSinceNanos > LEAVING_NANOS);
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
      peers.closed(request.connection());
      Worker attached = worker;
      if (attached != null) {
        attachments.remove(attached);
        instances.remove(instance, attached);
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
}
