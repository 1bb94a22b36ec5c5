package org.cocoon.worker;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.cocoon.link.keys.KeysLink;
import org.cocoon.worker.earnings.EarningsBook;
import org.cocoon.worker.earnings.EarningsBook.Owed;
import org.cocoon.worker.earnings.PayoutAddress;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.EngineLoad;
import org.cocoon.worker.engine.ServedModel;
import org.cocoon.worker.uplink.Uplinks;
import org.cocoon.worker.view.Figures;
import org.cocoon.worker.view.LiveView;
import org.cocoon.worker.view.Tally;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running worker: one engine, and a link to each router. */
public final class WorkerProcess {
  private static final Logger log = LoggerFactory.getLogger(WorkerProcess.class);
  private static final long POLL_MILLIS = 20;

  /** How often the registry's list of routers is held against the links. */
  private static final long ROUTERS_MILLIS = 1_000;

  private final WorkerOptions options;
  private final Vertx vertx;
  private final Engine engine;
  private final Uplinks uplinks;
  private final Tally tally;
  private final long startNanos = System.nanoTime();
  private final WorkerTrust trust;
  private final @Nullable KeysLink keys;
  private final WorkerTee tee;
  private final @Nullable EarningsBook earnings;

  private WorkerProcess(
      WorkerOptions options, Vertx vertx, WorkerTrust trust, WorkerTee tee, EngineMaker maker)
      throws IOException, InterruptedException {
    this.options = options;
    PayoutAddress payout = options.payout();
    this.earnings = payout == null ? null : new EarningsBook(payout, options.earnings());
    this.vertx = vertx;
    this.trust = trust;
    this.tee = tee;
    SocketAddress keyManager = options.keys();
    this.keys =
        keyManager == null
            ? null
            : new KeysLink(
                vertx, keyManager, trust.keyManagers(), trust::freshForKeys, trust.clock());
    this.uplinks = keys == null ? new Uplinks() : new Uplinks(keys);
    this.tally = new Tally(uplinks);
    this.engine = maker.open(vertx, tally);
  }

  /**
   * Starts a worker; returns as soon as it dials.
   *
   * @param maker makes its engine
   * @param refusedForGood hears why a router will never take this worker
   * @param broken hears that the engine broke, so that the process should end and be restarted
   * @throws IOException if the policy or the simulated TEE cannot be read
   */
  public static WorkerProcess start(
      WorkerOptions options,
      EngineMaker maker,
      Consumer<String> refusedForGood,
      Consumer<Throwable> broken)
      throws IOException, InterruptedException {
    WorkerTee tee = WorkerTee.open(options);
    Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(2));
    WorkerTrust trust = new WorkerTrust(options, tee);
    WorkerProcess process = new WorkerProcess(options, vertx, trust, tee, maker);
    process.begin(refusedForGood, broken);
    return process;
  }

  private void begin(Consumer<String> refusedForGood, Consumer<Throwable> broken) {
    if (engine.model().simulated()) {
      log.warn("event=simulated what=engine meaning=\"tokens are hashes, no model runs\"");
    }
    log.info(
        "event=engine_ready model={} revision={} device=\"{}\" slots={} context={}",
        engine.model().name(),
        engine.model().revision(),
        engine.model().device(),
        engine.model().slots(),
        engine.model().contextTokens());
    engine
        .broken()
        .thenAccept(
            fault -> {
              log.error("event=engine_broken reason=\"{}\"", fault.getMessage());
              broken.accept(fault);
            });
    KeysLink link = keys;
    if (link != null) {
      link.start(Set.of(engine.model().name()), uplinks::keysChanged);
    }
    trust.follow(vertx, uplinks);
    boolean listed = options.routers().isEmpty();
    uplinks.start(
        vertx,
        listed ? listedRouters() : options.routers(),
        new Uplinks.Identity(
            options.name(),
            options.coefficient(),
            WorkerMain.VERSION,
            tee.isSimulated(),
            options.system(),
            earnings),
        engine,
        trust,
        // Of many routers that somebody else lists, one that is too old is no reason to stop.
        listed ? why -> log.error("event=router_unusable reason=\"{}\"", why) : refusedForGood);
    if (listed) {
      vertx.setPeriodic(ROUTERS_MILLIS, ignored -> uplinks.attachTo(listedRouters()));
    }
  }

  /** Where workers attach, by the registry's document. */
  private List<SocketAddress> listedRouters() {
    return trust.registry().stream()
        .flatMap(registry -> registry.current().routers().stream())
        .flatMap(router -> router.link().stream())
        .map(link -> SocketAddress.inetSocketAddress(link.port(), link.host()))
        .toList();
  }

  /**
   * Shows what it does from now on.
   *
   * @param terminal where it is drawn, or null
   * @param port of the page on loopback; negative: none
   */
  public void show(@Nullable PrintStream terminal, int port) {
    LiveView view = new LiveView(vertx, this::figures);
    if (terminal != null) {
      view.draw(terminal);
    }
    if (port >= 0) {
      view.serve(port)
          .onSuccess(open -> log.info("event=page url=http://127.0.0.1:{}", open))
          .onFailure(fault -> log.error("event=page_failed reason=\"{}\"", fault.getMessage()));
    }
  }

  private Figures figures() {
    ServedModel model = engine.model();
    EngineLoad load = engine.load();
    EarningsBook book = earnings;
    Collection<Owed> owed = book == null ? List.of() : book.owed().values();
    return tally.figures(
        model,
        load,
        TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNanos),
        uplinks.attached(),
        owed.stream().mapToLong(Owed::earned).sum(),
        owed.stream().mapToLong(Owed::paid).sum());
  }

  /**
   * Takes nothing new, lets what runs finish for so long, then ends the links and the engine.
   * Blocks.
   */
  public void stop(long drainMillis) throws InterruptedException {
    log.info("event=stopping running={}", engine.load().running());
    uplinks.drain();
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(drainMillis);
    while (engine.load().running() + engine.load().queued() > 0 && System.nanoTime() - until < 0) {
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
    uplinks.close();
    KeysLink link = keys;
    if (link != null) {
      link.close();
    }
    trust.close();
    engine.close();
    try {
      vertx.close().await(2, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      log.warn("event=links_not_closed_in_time");
    }
    try {
      tee.close();
    } catch (IOException e) {
      log.warn("event=simulated_tee_left_files", e);
    }
    log.info("event=stopped");
  }
}
