package org.cocoon.router;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.NanoTon;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.node.NodeTee;
import org.cocoon.link.tls.AttestedTls;
import org.cocoon.router.RouterOptions.Endpoint;
import org.cocoon.router.admission.Admission;
import org.cocoon.router.edge.AttestationView;
import org.cocoon.router.edge.HttpEdge;
import org.cocoon.router.edge.Money;
import org.cocoon.router.edge.NetworkView;
import org.cocoon.router.fleet.Fleet;
import org.cocoon.router.fleet.UplinkServer;
import org.cocoon.router.ledger.Accounts;
import org.cocoon.router.ledger.DatabaseUrl;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.LedgerOptions;
import org.cocoon.router.ledger.LocalPostgres;
import org.cocoon.router.ledger.PostgresLedger;
import org.cocoon.router.ledger.PostgresLedger.KeySource;
import org.cocoon.router.path.RequestPath;
import org.cocoon.router.path.RouterMetrics;
import org.cocoon.router.settlement.Settlement;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running router: its parts, made in order and stopped in the opposite one.
 *
 * <p>The request path is one event loop, so that no part of it needs a lock; more cores are used by
 * more routers, which share nothing but the database.
 */
public final class RouterProcess {
  private static final Logger log = LoggerFactory.getLogger(RouterProcess.class);

  private static final NanoTon DEMO_DEPOSIT = NanoTon.ofTon(100);
  private static final String DEMO_ACCOUNT = "demo";
  private static final long TICK_MILLIS = 250;

  private final RouterOptions options;
  private final Vertx vertx;
  private final Context context;
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Fleet fleet = new Fleet();

  private @Nullable NodeTee tee;
  private @Nullable LocalPostgres localPostgres;
  private @Nullable PostgresLedger ledger;
  private @Nullable RequestPath path;
  private @Nullable HttpServer api;
  private @Nullable HttpServer attestedApi;
  private @Nullable HttpServer uplink;
  private @Nullable HttpEdge edge;
  private @Nullable UplinkServer uplinks;
  private @Nullable RouterTrust evidence;
  private final RouterSettlement settlement;

  private RouterProcess(RouterOptions options) {
    this.options = options;
    this.vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(4));
    this.context = vertx.getOrCreateContext();
    this.settlement = new RouterSettlement(options.chain(), context, registry);
  }

  /**
   * Starts a router; blocks until it listens.
   *
   * @throws Exception with a sentence for the operator
   */
  public static RouterProcess start(RouterOptions options) throws Exception {
    RouterProcess process = new RouterProcess(options);
    try {
      process.begin();
      return process;
    } catch (Exception fault) {
      process.await(process.stop(0));
      throw fault;
    }
  }

  private void begin() throws Exception {
    Files.createDirectories(options.data());
    CompletableFuture<DatabaseUrl> database = aside(this::database);
    NodeTee enclosing = NodeTee.open(options.evidence(), Role.ROUTER);
    tee = enclosing;
    RouterTrust trust = RouterTrust.open(options, enclosing.reports());
    evidence = trust;
    KeySource receiptKey = ReceiptKeyFile.source(enclosing, options);
    boolean settles = options.chain() != null;
    if (!settles) {
      await(onLoop(() -> listenForWorkers(trust))); // they attach while the ledger opens
    }
    PostgresLedger openLedger =
        await(
            PostgresLedger.open(
                context,
                LedgerOptions.of(database.get(), options.name(), options.data().resolve("spool")),
                receiptKey,
                key -> settlement.open(database.join(), key),
                registry));
    ledger = openLedger;
    if (settles) {
      await(onLoop(() -> listenForWorkers(trust))); // they are told where it settles
    }
    if (options.demo()) {
      await(demoAccount(openLedger.accounts()));
    }
    await(onLoop(() -> listenForClients(openLedger, trust, trust.imageHash())));
    RouterOptions.Endpoint attested = options.attested();
    if (attested != null) {
      await(onLoop(() -> listenAttested(attested, trust)));
    }
  }

  private DatabaseUrl database() throws IOException {
    String url = options.postgres();
    if (url != null) {
      return DatabaseUrl.parse(url);
    }
    LocalPostgres local = LocalPostgres.start(options.data().resolve("postgres"), 0);
    localPostgres = local;
    return local.url();
  }

  private Future<Void> demoAccount(Accounts accounts) {
    Path file = options.data().resolve("demo.key");
    return accounts
        .open(DEMO_ACCOUNT)
        .compose(
            account ->
                accounts
                    .deposit(account, "demo-start", DEMO_DEPOSIT)
                    .compose(
                        ignored ->
                            Files.exists(file)
                                ? Future.succeededFuture()
                                : newDemoKey(accounts, account, file)));
  }

  private Future<Void> newDemoKey(Accounts accounts, Account account, Path file) {
    return accounts
        .issueKey(account)
        .compose(
            key ->
                vertx.executeBlocking(
                    () -> {
                      Path fresh =
                          Files.createTempFile(
                              options.data(),
                              "demo",
                              ".key",
                              PosixFilePermissions.asFileAttribute(
                                  PosixFilePermissions.fromString("rw-------")));
                      Files.writeString(fresh, key + "\n");
                      Files.move(fresh, file);
                      return null;
                    }));
  }

  private Future<Void> listenForWorkers(RouterTrust trust) {
    UplinkServer workers =
        new UplinkServer(vertx, fleet, settlement.welcome(options.name()), trust, System::nanoTime);
    uplinks = workers;
    settlement.start(workers);
    trust.follow(vertx, workers);
    vertx.setPeriodic(TICK_MILLIS, ignored -> workers.tick());
    HttpServer linkServer =
        vertx
            .createHttpServer(AttestedTls.serverOptions(trust.identity(), trust.workers()))
            .requestHandler(workers.handler());
    uplink = linkServer;
    return bind(linkServer, options.link(), "--link").mapEmpty();
  }

  private Future<Void> listenForClients(
      PostgresLedger openLedger, RouterTrust trust, String image) {
    RegistryTerms terms = new RegistryTerms(trust.registry(), options.prices());
    terms.gauges(registry);
    Admission admission = new Admission(terms::prices, options.maxInFlightPerKey());
    RequestPath requests =
        new RequestPath(
            context,
            openLedger,
            admission,
            fleet,
            RequestPath.Limits.DEFAULT,
            new RouterMetrics(registry),
            System::nanoTime);
    path = requests;
    gauges(requests);
    List<String> simulated = options.evidence().simulatedTee() == null ? List.of() : List.of("tee");
    NetworkView view =
        new NetworkView(
            options.name(),
            RouterMain.VERSION,
            image,
            trust::policyDigest,
            terms::view,
            simulated,
            fleet,
            requests,
            admission);
    AttestationView attestation =
        new AttestationView(
            options.name(), trust::certificate, trust::policyDigest, simulated, fleet);
    vertx.setPeriodic(TICK_MILLIS, ignored -> requests.tick());
    HttpEdge clients =
        new HttpEdge(
            vertx,
            requests,
            openLedger,
            view,
            attestation,
            new Money(
                openLedger.book(),
                settlement.settlement(),
                settlement.places(),
                InstantSource.system()),
            registry::scrape,
            options.strict());
    edge = clients;
    HttpServer apiServer = server(apiOptions(), clients);
    api = apiServer;
    return bind(apiServer, options.api(), "--listen")
        .onSuccess(
            apiPort ->
                log.info(
                    "event=listening api={}:{} link={}:{} name={} version={}",
                    options.api().host(),
                    apiPort,
                    options.link().host(),
                    linkPort(),
                    options.name(),
                    RouterMain.VERSION))
        .mapEmpty();
  }

  private Future<Void> listenAttested(Endpoint endpoint, RouterTrust trust) {
    HttpServer attestedServer =
        server(
            limited(AttestedTls.openServerOptions(trust.identity())),
            Objects.requireNonNull(edge, "clients are listened for first"));
    attestedApi = attestedServer;
    return bind(attestedServer, endpoint, "--attested")
        .onSuccess(port -> log.info("event=listening attested={}:{}", endpoint.host(), port))
        .mapEmpty();
  }

  private HttpServer server(HttpServerOptions http, HttpEdge clients) {
    return vertx
        .createHttpServer(http)
        .connectionHandler(clients::connected)
        .invalidRequestHandler(clients::invalid)
        .requestHandler(clients.routes());
  }

  private static HttpServerOptions limited(HttpServerOptions http) {
    return http.setMaxHeaderSize(16 << 10)
        .setMaxWebSocketMessageSize(4 << 20)
        .setMaxWebSocketFrameSize(4 << 20)
        .addWebSocketSubProtocol("cocoon.v1")
        .setTcpNoDelay(true);
  }

  private HttpServerOptions apiOptions() {
    HttpServerOptions http = limited(new HttpServerOptions());
    RouterOptions.Tls tls = options.tls();
    if (tls != null) {
      http.setSsl(true)
          .setUseAlpn(true)
          .setEnabledSecureTransportProtocols(Set.of("TLSv1.2", "TLSv1.3"))
          .setKeyCertOptions(
              new PemKeyCertOptions()
                  .addCertPath(tls.certificate().toString())
                  .addKeyPath(tls.key().toString()));
    }
    return http;
  }

  private void gauges(RequestPath requests) {
    new JvmMemoryMetrics().bindTo(registry);
    new JvmGcMetrics().bindTo(registry);
    Gauge.builder("request_open", requests, RequestPath::openRequests).register(registry);
    Gauge.builder("relay_chunk_memory_bytes", requests, RequestPath::chunkMemoryBytes)
        .register(registry);
    Gauge.builder("admission_waiting", requests, RequestPath::waiting).register(registry);
    Gauge.builder("fleet_workers", fleet, all -> all.workers().size()).register(registry);
  }

  private static Future<Integer> bind(HttpServer server, Endpoint endpoint, String option) {
    return server
        .listen(endpoint.port(), endpoint.host())
        .map(HttpServer::actualPort)
        .recover(
            fault ->
                Future.failedFuture(
                    new IOException(
                        "cannot listen on %s (%s): is it taken? Choose another with %s."
                            .formatted(endpoint, fault.getMessage(), option))));
  }

  // ------------------------------------------------------------------ the end

  /**
   * Takes nothing new, lets what runs finish for so long, and stops all parts.
   *
   * @param drainMillis for what runs; 0 stops at once
   */
  public Future<Void> stop(long drainMillis) {
    log.info("event=stopping");
    settlement.stopping();
    return drained(drainMillis)
        .transform(ignored -> closed(api == null ? null : api.close()))
        .transform(ignored -> closed(attestedApi == null ? null : attestedApi.close()))
        .transform(ignored -> closed(uplink == null ? null : uplink.close()))
        .transform(ignored -> closed(ledger == null ? null : ledger.close()))
        .transform(ignored -> vertx.executeBlocking(this::closeBlocking, false))
        .transform(ignored -> vertx.close())
        .onComplete(ignored -> log.info("event=stopped"));
  }

  private Future<Void> drained(long drainMillis) {
    RequestPath requests = path;
    if (requests == null || drainMillis == 0) {
      return Future.succeededFuture();
    }
    Promise<Void> done = Promise.promise();
    context.runOnContext(
        ignored -> {
          requests.drain();
          UplinkServer workers = uplinks;
          if (workers != null) {
            workers.drain();
          }
          long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(drainMillis);
          vertx.setPeriodic(
              20,
              timer -> {
                if (requests.openRequests() == 0 || System.nanoTime() - until > 0) {
                  vertx.cancelTimer(timer);
                  done.tryComplete();
                }
              });
        });
    return done.future();
  }

  private static Future<Void> closed(@Nullable Future<Void> closing) {
    return closing == null ? Future.succeededFuture() : closing;
  }

  private @Nullable Void closeBlocking() throws IOException {
    RouterTrust trust = evidence;
    if (trust != null) {
      trust.close();
    }
    settlement.close();
    LocalPostgres database = localPostgres;
    if (database != null) {
      database.close();
    }
    NodeTee enclosing = tee;
    if (enclosing != null) {
      enclosing.close();
    }
    return null;
  }

  /** What clients and payees can ask of the chain. */
  public Settlement settlement() {
    return settlement.settlement();
  }

  /** The port that clients can use. */
  public int apiPort() {
    return api == null ? 0 : api.actualPort();
  }

  /** The port of the API over attested TLS, 0 where there is none. */
  public int attestedPort() {
    return attestedApi == null ? 0 : attestedApi.actualPort();
  }

  /** The port that workers attach to. */
  public int linkPort() {
    return uplink == null ? 0 : uplink.actualPort();
  }

  // ------------------------------------------------------------------ waiting, at the start only

  private static <T> CompletableFuture<T> aside(Callable<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                result.complete(work.call());
              } catch (Exception | Error fault) {
                result.completeExceptionally(fault);
              }
            });
    return result;
  }

  private <T> Future<T> onLoop(Callable<Future<T>> work) {
    Promise<T> promise = Promise.promise();
    context.runOnContext(
        ignored -> {
          try {
            work.call().onComplete(promise);
          } catch (Exception fault) {
            promise.fail(fault);
          }
        });
    return promise.future();
  }

  private <T> T await(Future<T> future) throws Exception {
    try {
      return future.toCompletionStage().toCompletableFuture().get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }
}
