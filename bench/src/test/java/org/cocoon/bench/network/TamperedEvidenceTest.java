package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmException;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.tls.AttestedTls;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Hello;
import org.cocoon.link.wire.Model;
import org.cocoon.link.wire.Uplink;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Workers whose evidence is not what their TEE said, or whose hello is not in order. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class TamperedEvidenceTest {
  private static final long SEED = 20_261_122;
  private static final int ATTEMPTS = 60;

  /** Header and body (632 bytes) and, behind lengths, signature and key, the QE's report. */
  private static final int SIGNED_BYTES = 632;

  private static final int QE_REPORT_FROM = 632 + 4 + 64 + 64 + 6;
  private static final int QE_REPORT_BYTES = 384;

  @TempDir Path folder;

  /** Dials as a worker does and says hello; returns what the router answered. */
  private static FromRouter hello(Vertx vertx, TestNetwork network, TsmReports reports, int version)
      throws Exception {
    EvidenceVerifier verifier = new EvidenceVerifier(Policy.load(network.policy()));
    LinkIdentity identity = LinkIdentity.create(Role.WORKER, reports, InstantSource.system());
    PeerVerifier peers =
        new PeerVerifier(Role.ROUTER, verifier, InstantSource.system(), 0, refusal -> {});
    GrpcClient client = GrpcClient.client(vertx, AttestedTls.clientOptions(identity, peers));
    try {
      return client
          .request(
              SocketAddress.inetSocketAddress(network.linkPort(), "127.0.0.1"), Uplink.client())
          .compose(
              request -> {
                request.write(
                    FromWorker.newBuilder()
                        .setHello(
                            Hello.newBuilder()
                                .setMinVersion(version)
                                .setMaxVersion(version)
                                .setName("tampered")
                                .setCoefficient(1000)
                                .addModels(
                                    Model.newBuilder()
                                        .setName("fake")
                                        .setSlots(1)
                                        .setContextTokens(10)))
                        .build());
                return request.response();
              })
          .compose(
              response -> {
                io.vertx.core.Promise<FromRouter> first = io.vertx.core.Promise.promise();
                response.handler(first::tryComplete);
                response.exceptionHandler(first::tryFail);
                response.endHandler(ignored -> first.tryFail("ended"));
                return first.future();
              })
          .toCompletionStage()
          .toCompletableFuture()
          .get(30, TimeUnit.SECONDS);
    } finally {
      client.close();
    }
  }

  @Test
  void oneAlteredByteOfWhatIsSignedKeepsAWorkerOutAndBothLogsSayWhy() throws Exception {
    Logger logger = (Logger) LoggerFactory.getLogger("org.cocoon");
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    logger.addAppender(lines);
    Random random = new Random(SEED);
    AtomicInteger altered = new AtomicInteger();
    Vertx vertx = Vertx.vertx();
    try (TestNetwork network = new TestNetwork(folder);
        SimulatedTee tee =
            SimulatedTee.start(
                folder.resolve("tee"), Role.WORKER, ImageMeasurement.ofRunningProgram());
        TamperingTee tampering =
            new TamperingTee(
                folder.resolve("tampered"),
                new TsmReports(tee.reportsFolder()),
                quote -> {
                  int place = random.nextInt(SIGNED_BYTES + QE_REPORT_BYTES);
                  int index = place < SIGNED_BYTES ? place : QE_REPORT_FROM + place - SIGNED_BYTES;
                  quote[index] ^= (byte) (1 << random.nextInt(8));
                  altered.incrementAndGet();
                  return quote;
                })) {
      assertTrue(
          hello(vertx, network, new TsmReports(tee.reportsFolder()), Uplink.VERSION).hasWelcome(),
          "the same worker attaches with what its TEE said");
      int refused = 0;
      for (int i = 0; i < ATTEMPTS; i++) {
        try {
          hello(vertx, network, new TsmReports(tampering.folder()), Uplink.VERSION);
        } catch (ExecutionException | TsmException e) {
          refused++; // by the router, or for a quote that is none by the worker itself
        }
      }
      assertEquals(ATTEMPTS, refused, "seed " + SEED);
      assertEquals(ATTEMPTS, altered.get());

      network.launchReal("tampered", "--tee", tampering.folder().toString());
      network.await("the worker's log says why", () -> log(network).contains("own_evidence="));
      assertTrue(
          log(network).lines().anyMatch(line -> line.matches(".*attach_failed.*own_evidence=.+")),
          () -> log(network));
      List<String> routerLines =
          List.copyOf(lines.list).stream().map(ILoggingEvent::getFormattedMessage).toList();
      long said =
          routerLines.stream().filter(line -> line.contains("event=evidence_refused")).count();
      assertTrue(said > ATTEMPTS * 9 / 10, () -> "a line for each: " + said);
      assertFalse(network.network().contains("\"name\":\"tampered\",\"state\":\"attached\""));
    } finally {
      logger.detachAppender(lines);
      vertx.close();
    }
  }

  private static String log(TestNetwork network) {
    try {
      return network.log("tampered");
    } catch (IOException e) {
      return "";
    }
  }

  @Test
  void aWorkerOfAnotherProtocolVersionIsToldSo() throws Exception {
    Vertx vertx = Vertx.vertx();
    try (TestNetwork network = new TestNetwork(folder);
        SimulatedTee tee =
            SimulatedTee.start(
                folder.resolve("tee"), Role.WORKER, ImageMeasurement.ofRunningProgram())) {
      FromRouter answer = hello(vertx, network, new TsmReports(tee.reportsFolder()), 99);
      assertTrue(answer.hasRefused());
      assertTrue(answer.getRefused().getReason().contains("version"), answer::toString);
    } finally {
      vertx.close();
    }
  }
}
