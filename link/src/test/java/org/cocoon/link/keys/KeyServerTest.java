package org.cocoon.link.keys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.SocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.evidence.simulated.TestNetwork;
import org.cocoon.link.seal.GroupPublicKey;
import org.cocoon.link.seal.StatementVerifier;
import org.cocoon.link.seal.StatementVerifier.Checked;
import org.cocoon.link.tls.AttestedTls;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.wire.GroupKeyStatement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A key manager and workers of two images over attested TLS, all under one test root. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class KeyServerTest {
  private static final ImageMeasurement OLD = new ImageMeasurement("0d".repeat(48));
  private static final ImageMeasurement NEW = new ImageMeasurement("1e".repeat(48));
  private static final ImageMeasurement KEYS = TestNetwork.IMAGE;
  private static final String MODEL = "m";

  private final Vertx vertx =
      Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(4));
  private final Context context = vertx.getOrCreateContext();
  private final List<SimulatedTee> tees = new ArrayList<>();
  private final List<KeysLink> links = new ArrayList<>();
  private final Policy allowing;
  private final Path dir;
  private final BlockingQueue<String> refused = new LinkedBlockingQueue<>();
  private volatile Instant now = TestNetwork.NOW;
  private final InstantSource clock = () -> now;
  private final PeerVerifier workers;
  private final LinkIdentity identity;
  private final KeyServer server;
  private final SocketAddress address;

  KeyServerTest(@TempDir Path dir) throws Exception {
    this.dir = dir;
    this.allowing = new TestNetwork(dir).policy();
    this.workers =
        new PeerVerifier(
            Role.WORKER,
            new EvidenceVerifier(policy(OLD, NEW)),
            clock,
            16,
            refusal -> refused.add(refusal.reason()));
    this.identity = identity(Role.KEYS, KEYS);
    this.server = onLoop(this::newServer);
    HttpServer http =
        vertx
            .createHttpServer(AttestedTls.serverOptions(identity, workers))
            .requestHandler(server.handler())
            .listen(0, "127.0.0.1")
            .await(10, TimeUnit.SECONDS);
    this.address = SocketAddress.inetSocketAddress(http.actualPort(), "127.0.0.1");
  }

  private KeyServer newServer() {
    return new KeyServer(
        vertx,
        new GroupKeyStore(Duration.ofHours(1), clock, new SecureRandom()),
        workers,
        identity,
        clock);
  }

  private Policy policy(ImageMeasurement... workerImages) {
    Set<String> images = new HashSet<>();
    for (ImageMeasurement image : workerImages) {
      images.add(image.imageHash(Role.WORKER));
    }
    return allowing.withImages(
        Map.of(Role.WORKER, images, Role.KEYS, Set.of(KEYS.imageHash(Role.KEYS))));
  }

  private LinkIdentity identity(Role role, ImageMeasurement image) throws Exception {
    SimulatedTee tee = SimulatedTee.start(dir, role, image, clock);
    tees.add(tee);
    return LinkIdentity.create(role, new TsmReports(tee.reportsFolder()), clock);
  }

  private PeerVerifier expectingKeys() {
    return new PeerVerifier(Role.KEYS, new EvidenceVerifier(policy()), clock, 16, refusal -> {});
  }

  @AfterEach
  void stop() throws Exception {
    links.forEach(KeysLink::close);
    vertx.close().await(10, TimeUnit.SECONDS);
    for (SimulatedTee tee : tees) {
      tee.close();
    }
  }

  private <T> T onLoop(Supplier<T> work) throws Exception {
    CompletableFuture<T> done = new CompletableFuture<>();
    context.runOnContext(ignored -> done.complete(work.get()));
    return done.get(20, TimeUnit.SECONDS);
  }

  /** A worker's link, and each change of what it holds. */
  private final class Worker {
    final BlockingQueue<List<GroupKeyStatement>> told = new LinkedBlockingQueue<>();
    final KeysLink link;

    Worker(LinkIdentity own) {
      PeerVerifier keyManagers = expectingKeys();
      HttpClientOptions options = AttestedTls.clientOptions(own, keyManagers);
      link = new KeysLink(vertx, address, keyManagers, () -> options, clock);
      links.add(link);
      link.start(Set.of(MODEL), () -> told.add(link.statements()));
    }

    GroupPublicKey next() throws Exception {
      return good(told.take().getFirst());
    }

    boolean holds(GroupPublicKey key) {
      return link.find(key.keyId()).isPresent();
    }
  }

  private GroupPublicKey good(GroupKeyStatement statement) {
    Checked checked = new StatementVerifier(expectingKeys(), clock).verify(statement, MODEL);
    return assertInstanceOf(Checked.Good.class, checked, checked.toString()).key();
  }

  private String reason(GroupKeyStatement statement, String model) {
    Checked checked = new StatementVerifier(expectingKeys(), clock).verify(statement, model);
    return assertInstanceOf(Checked.Refused.class, checked, checked.toString()).reason();
  }

  @Test
  void allWorkersOfAModelHoldOneKeyAndTheNextOneInTime() throws Exception {
    Worker one = new Worker(identity(Role.WORKER, OLD));
    Worker two = new Worker(identity(Role.WORKER, NEW));
    GroupPublicKey first = one.next();
    assertEquals(first.keyId(), two.next().keyId());
    now = now.plus(Duration.ofHours(1));
    onLoop(
        () -> {
          server.tick();
          return true;
        });
    GroupPublicKey second = one.next();
    assertEquals(second.keyId(), two.next().keyId());
    assertTrue(second.epoch() > first.epoch());
    assertTrue(one.holds(first) && one.holds(second) && two.holds(first) && two.holds(second));
  }

  @Test
  void whoAPolicyShutsOutGetsNoFurtherKey() throws Exception {
    Worker old = new Worker(identity(Role.WORKER, OLD));
    Worker kept = new Worker(identity(Role.WORKER, NEW));
    GroupPublicKey first = old.next();
    assertEquals(first.keyId(), kept.next().keyId());
    workers.use(new EvidenceVerifier(policy(NEW)));
    onLoop(
        () -> {
          server.renewKeys("the policy changed");
          return true;
        });
    GroupPublicKey second = kept.next();
    assertNotEquals(first.keyId(), second.keyId());
    assertEquals(Optional.empty(), kept.link.find(first.keyId()), "it is forgotten at once");
    assertEquals("IMAGE_NOT_ALLOWED", refused.take(), "it dials again and is refused");
    assertTrue(!old.holds(second));
    assertEquals(1, onLoop(server::watching));
  }

  @Test
  void whoIsNoWorkerGetsNoKey() throws Exception {
    Worker impostor = new Worker(identity(Role.KEYS, KEYS));
    assertEquals("WRONG_ROLE", refused.take());
    assertEquals(List.of(), impostor.link.statements());
    assertEquals(0, onLoop(server::watching));
  }

  @Test
  void statementsAreSignedAnewWithAnotherIdentity() throws Exception {
    Worker worker = new Worker(identity(Role.WORKER, NEW));
    GroupKeyStatement before = worker.told.take().getFirst();
    LinkIdentity renewed = identity(Role.KEYS, KEYS);
    onLoop(
        () -> {
          server.use(renewed);
          return true;
        });
    GroupKeyStatement after = worker.told.take().getFirst();
    assertEquals(good(before).keyId(), good(after).keyId(), "it is the same key");
    assertEquals(ByteString.copyFrom(renewed.certificate().getEncoded()), after.getCertificate());
  }

  @Test
  void aStatementIsRefusedUnlessAnAttestedKeyManagerSignedIt() throws Exception {
    GroupKeyStatement statement = new Worker(identity(Role.WORKER, NEW)).told.take().getFirst();
    GroupPublicKey key = good(statement);
    assertEquals("WRONG_MODEL", reason(statement, "other"));
    LinkIdentity worker = identity(Role.WORKER, NEW);
    assertEquals("WRONG_ROLE", reason(Statements.sign(key, worker), MODEL));
    LinkIdentity elsewhere = identity(Role.KEYS, OLD);
    assertEquals("IMAGE_NOT_ALLOWED", reason(Statements.sign(key, elsewhere), MODEL));
    GroupKeyStatement mixed =
        Statements.sign(key, worker).toBuilder().setCertificate(statement.getCertificate()).build();
    assertEquals("STATEMENT_SIGNATURE", reason(mixed, MODEL));
    for (int bit = 0; bit < statement.getSignature().size() * 8; bit += 7) {
      byte[] changed = statement.getSignature().toByteArray();
      changed[bit / 8] ^= (byte) (1 << bit % 8);
      GroupKeyStatement flipped =
          statement.toBuilder().setSignature(ByteString.copyFrom(changed)).build();
      assertEquals("STATEMENT_SIGNATURE", reason(flipped, MODEL));
    }
    for (int i = 0; i < statement.getKey().size(); i += 3) {
      byte[] changed = statement.getKey().toByteArray();
      changed[i] ^= 1;
      reason(statement.toBuilder().setKey(ByteString.copyFrom(changed)).build(), MODEL);
    }
    assertEquals(
        "MALFORMED_STATEMENT",
        reason(statement.toBuilder().setKey(ByteString.copyFromUtf8("?")).build(), MODEL));
    now = key.notAfter();
    assertEquals("KEY_NOT_VALID_NOW", reason(statement, MODEL));
  }
}
