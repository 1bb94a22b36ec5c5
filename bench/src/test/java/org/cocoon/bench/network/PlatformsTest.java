package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.cocoon.link.evidence.GpuRule;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Workers on machines of different makers, with and without GPUs, in one network. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class PlatformsTest {
  @TempDir Path folder;

  @Test
  void workersOfBothMakersServeAndThePolicySaysWhoNeedsAGpu() throws Exception {
    try (TestNetwork network = new TestNetwork(folder)) {
      network.allow(ImageMeasurement.ofRunningProgram().imageHashes(Role.WORKER));
      String keys = network.keyManager(SimulatedTee.Provider.SNP);
      network.worker("tdx", "--keys", keys);
      network.worker("snp-gpu", "--simulated-provider", "snp", "--simulated-gpu");
      network.await("keys come from a node under SNP", () -> groupKeys(network).contains("key_id"));
      assertEquals(
          200,
          network
              .post(
                  "/v1/completions", "{\"model\": \"fake\", \"prompt\": \"hi\", \"max_tokens\": 4}")
              .statusCode());

      Policy policy = Policy.load(network.policy());
      Policy strict = policy.withGpu(Map.of(Role.WORKER, GpuRule.REQUIRED), policy.gpuAccepted());
      Files.writeString(network.policy(), strict.toJson());
      network.await(
          "the worker without a GPU is put out", () -> log(network).contains("GPU_MISSING"));
      network.await(
          "only the other one is left", () -> !network.network().contains("\"name\":\"tdx\""));
      assertTrue(network.network().contains("\"name\":\"snp-gpu\""));
      assertEquals(
          200,
          network
              .post(
                  "/v1/completions", "{\"model\": \"fake\", \"prompt\": \"hi\", \"max_tokens\": 4}")
              .statusCode());
    }
  }

  private static String groupKeys(TestNetwork network) {
    try {
      return network
          .http
          .send(network.request("/v1/group-keys?model=fake").build(), BodyHandlers.ofString())
          .body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String log(TestNetwork network) {
    try {
      return network.log("tdx");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
