package org.cocoon.bench.network;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.PriceBook;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedPolicy;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.keys.KeyManager;
import org.cocoon.link.keys.KeyManagerOptions;
import org.cocoon.link.node.EvidenceOptions;
import org.cocoon.link.node.PolicySource;
import org.cocoon.link.registry.RegistryOptions;
import org.cocoon.router.RouterOptions;
import org.cocoon.router.RouterOptions.Endpoint;
import org.cocoon.router.RouterProcess;
import org.cocoon.router.ledger.DatabaseUrl;
import org.cocoon.router.ledger.LocalPostgres;
import org.jspecify.annotations.Nullable;

/**
 * A network for tests: a router in this process, workers as processes that can be killed, and a
 * PostgreSQL that can be restarted. Nothing in it differs from a network that {@code ./cocoon up}
 * starts, but that the test can see the router's ledger.
 */
final class TestNetwork implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  final Path folder;
  final HttpClient http = HttpClient.newHttpClient();
  private final Path policy;
  private final List<Process> workers = new ArrayList<>();
  private LocalPostgres postgres;
  private final RouterProcess router;
  private @Nullable KeyManager keyManager;
  private final String key;
  private final @Nullable Path collateral;
  private final @Nullable RegistryOptions registry;

  TestNetwork(Path folder) throws Exception {
    this(folder, 4096);
  }

  /** A network in which an account may have so many requests running. */
  TestNetwork(Path folder, int maxInFlight) throws Exception {
    this(folder, maxInFlight, null, null);
  }

  /**
   * A network whose policy requires collateral.
   *
   * @param collateral the file in which all programs find it; written before
   */
  static TestNetwork withCollateral(Path folder, Path collateral) throws Exception {
    return new TestNetwork(folder, 4096, collateral, null);
  }

  /** A network whose policy is a registry's; {@link #allow} writes a file that nobody reads. */
  static TestNetwork underRegistry(Path folder, RegistryOptions registry) throws Exception {
    return new TestNetwork(folder, 4096, null, registry);
  }

  private TestNetwork(
      Path folder, int maxInFlight, @Nullable Path collateral, @Nullable RegistryOptions registry)
      throws Exception {
    this.registry = registry;
    this.folder = folder;
    this.collateral = collateral;
    this.policy = folder.resolve("policy.json");
    allow(Set.of(ownImage()));
    postgres = LocalPostgres.start(folder.resolve("postgres"), 0);
    router =
        RouterProcess.start(
            new RouterOptions(
                new Endpoint("127.0.0.1", 0),
                new Endpoint("127.0.0.1", 0),
                "router-test",
                folder.resolve("router"),
                postgresUrl(),
                evidence(SimulatedTee.Provider.TDX),
                true,
                false,
                maxInFlight,
                null,
                new Endpoint("127.0.0.1", 0),
                false,
                PriceBook.of(Price.perMillion(10_000_000)),
                false,
                null));
    key = Files.readString(folder.resolve("router/demo.key")).strip();
  }

  private EvidenceOptions evidence(SimulatedTee.Provider provider) {
    RegistryOptions chain = registry;
    return new EvidenceOptions(
        chain == null ? new PolicySource.File(policy) : new PolicySource.Registry(chain),
        TsmReports.KERNEL_FOLDER,
        folder.resolve("tee"),
        provider,
        collateral == null ? null : collateral.toString());
  }

  /** Starts a key manager in this process; returns where workers find it. */
  String keyManager() throws Exception {
    return keyManager(SimulatedTee.Provider.TDX);
  }

  /** The same, on simulated hardware of this maker. */
  String keyManager(SimulatedTee.Provider provider) throws Exception {
    KeyManager started =
        KeyManager.start(
            new KeyManagerOptions(
                "127.0.0.1", 0, "keys-test", evidence(provider), Duration.ofHours(1)));
    keyManager = started;
    return "127.0.0.1:" + started.port();
  }

  /** The image hash of a worker with a simulated TEE. */
  static String ownImage() throws IOException {
    return ImageMeasurement.ofRunningProgram().imageHash(Role.WORKER);
  }

  /** Writes a policy in which workers may run these images, and no others. */
  void allow(Set<String> workerImages) throws IOException {
    Files.writeString(
        policy, policyOf(folder, workerImages).withCollateralRequired(collateral != null).toJson());
  }

  /** A policy of a network in that folder, in which workers may run these images. */
  static Policy policyOf(Path folder, Set<String> workerImages) throws IOException {
    Map<Role, Set<String>> images =
        Map.of(
            Role.ROUTER,
            ImageMeasurement.ofRunningProgram().imageHashes(Role.ROUTER),
            Role.KEYS,
            ImageMeasurement.ofRunningProgram().imageHashes(Role.KEYS),
            Role.WORKER,
            workerImages);
    return SimulatedPolicy.of(
            SimulatedPolicy.rootsIn(folder.resolve("tee"), InstantSource.system()), images)
        .withCollateralRequired(false);
  }

  private String postgresUrl() {
    DatabaseUrl url = postgres.url();
    return "postgresql://%s:%s@%s:%d/%s"
        .formatted(url.user(), url.password(), url.host(), url.port(), url.database());
  }

  /** Starts a worker as a process of its own, with the fake engine; returns when it attached. */
  Process worker(String name, String... arguments) throws IOException {
    Process worker = launch(name, folder.resolve("tee"), arguments);
    await("worker " + name + " attaches", () -> network().contains("\"name\":\"" + name + "\""));
    return worker;
  }

  /** Starts a worker with a simulated TEE, without waiting for it. */
  Process launch(String name, Path tee, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("--simulated-tee", tee.toString()));
    all.addAll(List.of(arguments));
    return launchReal(name, all.toArray(String[]::new));
  }

  /** Starts a worker that is told where its TEE is, without waiting for it. */
  Process launchReal(String name, String... arguments) throws IOException {
    return launchAt("127.0.0.1:" + router.linkPort(), name, arguments);
  }

  /** Starts a worker that attaches to some router. */
  Process launchAt(String address, String name, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of(arguments));
    if (collateral != null) {
      all.addAll(List.of("--collateral", collateral.toString()));
    }
    return start(address, name, all);
  }

  /** Starts a worker with a simulated TEE whom nobody told where collateral is. */
  Process launchWithoutCollateral(String name) throws IOException {
    return start(
        "127.0.0.1:" + router.linkPort(),
        name,
        List.of("--simulated-tee", folder.resolve("tee").toString()));
  }

  private Process start(String address, String name, List<String> arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseCompactObjectHeaders",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Djdk.tls.server.enableSessionTicketExtension=false",
                "-cp",
                System.getProperty("java.class.path"),
                "org.cocoon.worker.WorkerMain",
                "--name",
                name));
    if (!arguments.contains("--engine")) {
      command.addAll(List.of("--engine", "fake", "--fake-length", "1000000"));
    }
    RegistryOptions chain = registry;
    if (chain == null) {
      command.addAll(List.of("--router", address, "--policy", policy.toString()));
    } else {
      // Where routers are is in the registry.
      command.addAll(List.of("--registry", chain.address().raw()));
      command.addAll(List.of("--registry-interval", chain.interval().toString()));
      chain.endpoints().forEach(each -> command.addAll(List.of("--chain", each.toString())));
    }
    command.addAll(arguments);
    File output = folder.resolve(name + ".log").toFile();
    Process worker =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output).start();
    workers.add(worker);
    return worker;
  }

  /** Kills a worker, numbered from 0 in the order of their start, without a word of warning. */
  Process kill(int number) {
    return workers.get(number).destroyForcibly().onExit().join();
  }

  String log(String name) throws IOException {
    return Files.readString(folder.resolve(name + ".log"));
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + router.apiPort() + path);
  }

  int apiPort() {
    return router.apiPort();
  }

  int attestedPort() {
    return router.attestedPort();
  }

  int linkPort() {
    return router.linkPort();
  }

  Path policy() {
    return policy;
  }

  String key() {
    return key;
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(uri(path))
        .timeout(PATIENCE)
        .header("authorization", "Bearer " + key);
  }

  HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
    return http.send(
        request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
        BodyHandlers.ofString());
  }

  String network() {
    try {
      return http.send(request("/v1/network").build(), BodyHandlers.ofString()).body();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Requests that the router has at its workers. */
  int inFlight() {
    return new io.vertx.core.json.JsonObject(network())
        .getJsonArray("workers").stream()
            .mapToInt(worker -> ((io.vertx.core.json.JsonObject) worker).getInteger("in_flight"))
            .sum();
  }

  /** Waits for a condition that another process brings about; fails when it takes too long. */
  void await(String what, BooleanSupplier condition) {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - until > 0) {
        throw new AssertionError("waited in vain: " + what);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
    }
  }

  /** Makes an account with so much; returns its key. */
  String account(String name, long nanoton) throws Exception {
    byte[] secret = new byte[32];
    new SecureRandom().nextBytes(secret);
    String fresh = "ck_" + Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
    byte[] hash =
        MessageDigest.getInstance("SHA-256").digest(fresh.getBytes(StandardCharsets.UTF_8));
    try (Connection connection = connect();
        PreparedStatement insert =
            connection.prepareStatement(
                "WITH account AS (INSERT INTO accounts (name) VALUES (?) RETURNING id),"
                    + " key AS (INSERT INTO api_keys (hash, account_id) SELECT ?, id FROM account)"
                    + " SELECT id FROM account");
        PreparedStatement deposit =
            connection.prepareStatement(
                "INSERT INTO deposits (account_id, reference, amount_nanoton)"
                    + " SELECT id, name, ? FROM accounts WHERE name = ?")) {
      insert.setString(1, name);
      insert.setBytes(2, hash);
      insert.execute();
      deposit.setLong(1, nanoton);
      deposit.setString(2, name);
      deposit.executeUpdate();
    }
    return fresh;
  }

  private Connection connect() throws SQLException {
    DatabaseUrl url = postgres.url();
    return DriverManager.getConnection(
        "jdbc:postgresql://%s:%d/%s".formatted(url.host(), url.port(), url.database()),
        url.user(),
        url.password());
  }

  /** The first column of the only row. */
  long query(String sql) throws SQLException {
    try (Connection connection = connect();
        ResultSet rows = connection.createStatement().executeQuery(sql)) {
      rows.next();
      return rows.getLong(1);
    }
  }

  /** Stops PostgreSQL, does something, and starts it at the same port. */
  void withoutPostgres(Runnable meanwhile) throws IOException {
    int port = postgres.url().port();
    postgres.close();
    meanwhile.run();
    postgres = LocalPostgres.start(folder.resolve("postgres"), port);
  }

  @Override
  public void close() throws IOException {
    for (Process worker : workers) {
      worker.destroyForcibly().onExit().join();
    }
    if (keyManager != null) {
      keyManager.stop().toCompletionStage().toCompletableFuture().join();
    }
    router.stop(0).toCompletionStage().toCompletableFuture().join();
    postgres.close();
    http.close();
  }
}
