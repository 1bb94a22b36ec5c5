package org.cocoon.worker;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.cocoon.link.keys.KeysLink;
import org.cocoon.worker.control.ControlSocket;
import org.cocoon.worker.control.ModelSpec;
import org.cocoon.worker.earnings.EarningsBook;
import org.cocoon.worker.earnings.EarningsBook.Owed;
import org.cocoon.worker.earnings.PayoutAddress;
import org.cocoon.worker.engine.EngineSet;
import org.cocoon.worker.engine.ServedModel;
import org.cocoon.worker.uplink.Uplinks;
import org.cocoon.worker.view.Figures;
import org.cocoon.worker.view.LiveView;
import org.cocoon.worker.view.Tally;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running worker: an engine for each model, and a link to each router. */
public final class WorkerProcess {
  private static final Logger log = LoggerFactory.getLogger(WorkerProcess.class);
  private static final long POLL_MILLIS = 20;

  /** How often the registry's list of routers is held against the links. */
  private static final long ROUTERS_MILLIS = 1_000;

  private final WorkerOptions options;
  private final Vertx vertx;
  private final EngineSet engines = new EngineSet();
  private final LiveModels models;
  private final Uplinks uplinks;
  private final Tally tally;
  private final long startNanos = System.nanoTime();
  private final WorkerTrust trust;
  private final @Nullable KeysLink keys;
  private final WorkerTee tee;
  private final @Nullable EarningsBook earnings;
  private @Nullable ControlSocket control;

  private WorkerProcess(
      WorkerOptions options, Vertx vertx, WorkerTrust trust, WorkerTee tee, ModelOpener opener)
      throws IOException {
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
    this.models =
        new LiveModels(
            opener, vertx, tally, engines, options.state(), options.drain(), new MachineMemory());
  }

  /**
   * Starts a worker; returns as soon as it dials.
   *
   * @param specs its first models, at least one
   * @param opener makes their engines
   * @param refusedForGood hears why a router will never take this worker
   * @param broken hears that the engine broke, so that the process should end and be restarted
   * @throws IOException a sentence, if the policy or the simulated TEE cannot be read, or nobody
   *     can listen in its folder
   */
  public static WorkerProcess start(
      WorkerOptions options,
      List<ModelSpec> specs,
      ModelOpener opener,
      Consumer<String> refusedForGood,
      Consumer<Throwable> broken)
      throws IOException, InterruptedException {
    WorkerTee tee = WorkerTee.open(options);
    Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(2));
    WorkerTrust trust = new WorkerTrust(options, tee);
    WorkerProcess process = new WorkerProcess(options, vertx, trust, tee, opener);
    for (ModelSpec spec : specs) {
      process.models.start(spec);
    }
    process.begin(refusedForGood, broken);
    return process;
  }

  private void begin(Consumer<String> refusedForGood, Consumer<Throwable> broken)
      throws IOException {
    for (ServedModel model : engines.models()) {
      if (model.simulated()) {
        log.warn("event=simulated what=engine meaning=\"tokens are hashes, no model runs\"");
      }
      log.info(
          "event=engine_ready model={} revision={} device=\"{}\" slots={} context={}",
          model.name(),
          model.revision(),
          model.device(),
          model.slots(),
          model.contextTokens());
    }
    Consumer<Throwable> brokenForGood =
        fault -> {
          log.error("event=engine_broken reason=\"{}\"", fault.getMessage());
          broken.accept(fault);
        };
    engines.broken().thenAccept(brokenForGood);
    KeysLink link = keys;
    if (link != null) {
      link.start(names(), uplinks::keysChanged);
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
        engines,
        trust,
        // Of many routers that somebody else lists, one that is too old is no reason to stop.
        listed ? why -> log.error("event=router_unusable reason=\"{}\"", why) : refusedForGood);
    if (listed) {
      vertx.setPeriodic(ROUTERS_MILLIS, ignored -> uplinks.attachTo(listedRouters()));
    }
    models.running(this::modelsChanged, brokenForGood);
    Path folder = options.state();
    if (folder != null) {
      control = ControlSocket.open(folder, models);
    }
  }

  private Set<String> names() {
    return engines.models().stream().map(ServedModel::name).collect(Collectors.toUnmodifiableSet());
  }

  /** Routers hear of a model before its keys come, and key managers that it went after they do. */
  private Future<Void> modelsChanged() {
    return uplinks
        .modelsChanged()
        .onComplete(
            told -> {
              KeysLink link = keys;
              if (link != null) {
                link.want(engines.all());
              }
            });
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
    EarningsBook book = earnings;
    Collection<Owed> owed = book == null ? List.of() : book.owed().values();
    return tally.figures(
        engines.models(),
        engines.loads(),
        models.underWay(),
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
    log.info("event=stopping running={}", engines.unfinished());
    ControlSocket orders = control;
    if (orders != null) {
      try {
        orders.close();
      } catch (IOException e) {
        log.warn("event=control_left_files", e);
      }
    }
    uplinks.drain();
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(drainMillis);
    while (engines.unfinished() > 0 && System.nanoTime() - until < 0) {
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
    uplinks.close();
    KeysLink link = keys;
    if (link != null) {
      link.close();
    }
    trust.close();
    engines.close();
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
