package org.cocoon.link.evidence;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.cocoon.link.evidence.gpu.GpuPolicy;
import org.cocoon.link.evidence.snp.Product;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PolicyTest {
  private static final String HASH = "ab".repeat(32);

  private static final TreeMap<String, Integer> GENOA =
      new TreeMap<>(Map.of("bootloader", 10, "tee", 0, "snp", 25, "microcode", 84));

  @TempDir Path dir = Path.of("");

  @Test
  void readsWhatItWrites() throws IOException {
    Policy policy =
        new Policy(
            Set.of(Policy.INTEL_SGX_ROOT),
            Set.of(HASH),
            false,
            new Policy.Tcb(
                Set.of(TcbStatus.UP_TO_DATE, TcbStatus.SW_HARDENING_NEEDED),
                18,
                Set.of("INTEL-SA-01036")),
            new Policy.Domains(
                Set.of(0x1000_0000L, -0x7fff_ffff_f000_0000L),
                Set.of(0x602e7L),
                Set.of("ef".repeat(48))),
            Map.of(
                Role.ROUTER, Set.of("cd".repeat(32)),
                Role.WORKER, Set.of(HASH),
                Role.KEYS, Set.of()),
            Map.of(
                Role.ROUTER, GpuRule.FORBIDDEN,
                Role.WORKER, GpuRule.REQUIRED,
                Role.KEYS, GpuRule.OPTIONAL),
            new Policy.Gpus(Set.of("GH100"), Set.of("590.12"), Set.of("96.00.A5.00.01")),
            new Policy.Snp(new TreeMap<>(Map.of("Genoa", GENOA))),
            OnChange.DRAIN);
    Policy again = load(policy.toJson());
    assertEquals(policy, again);
    assertArrayEquals(policy.digest(), again.digest());
    assertEquals(GpuRule.REQUIRED, again.gpu(Role.WORKER));
    assertEquals(Map.of("Genoa", GENOA), again.snp().minimumTcb());
    assertEquals(Set.of("590.12"), again.gpuAccepted().drivers());
    assertTrue(policy.allowsSimulated());
  }

  @Test
  void whatIsLeftOutAllowsNothing() throws IOException {
    Policy policy = load("{\"version\": 1}");
    assertEquals(Policy.NOTHING, policy);
    assertTrue(policy.collateralRequired());
    assertFalse(policy.allowsSimulated());
    assertEquals(Set.of(TcbStatus.UP_TO_DATE), policy.tcb().statuses());
    assertEquals(GpuRule.FORBIDDEN, policy.gpu(Role.WORKER));
    assertEquals(OnChange.END, policy.onChange());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}|key 'version' is missing",
        "{'version': 2}|must be 1",
        "{'version': 1, 'Images': {}}|'Images' is unknown; did you mean 'images'?",
        "{'version': 1, 'mrSeem': []}|'mrSeem' is unknown; did you mean 'mrSeam'?",
        "{'version': 1, 'version': 1}|key 'version' is there twice",
        "{'version': 1, 'images': {'workers': []}}|did you mean 'images.worker'?",
        "{'version': 1, 'images': {'worker': [], 'worker': []}}|'images.worker' is there twice",
        "{'version': 1, 'images': {'worker': ['ABAB']}}|key 'images.worker' must be",
        "{'version': 1, 'images': {'worker': [7]}}|key 'images.worker' must be",
        "{'version': 1, 'collateral': false}|'collateral' must be \"required\"",
        "{'version': 1, 'tcbStatuses': ['Fine']}|key 'tcbStatuses' has 'Fine'; there are UpToDate",
        "{'version': 1, 'tcbStatuses': ['Revoked']}|key 'tcbStatuses' has 'Revoked'",
        "{'version': 1, 'minimumEvaluationNumber': -1}|'minimumEvaluationNumber' must be a whole",
        "{'version': 1, 'xfam': ['602e7']}|key 'xfam' must be a list of bits like",
        "{'version': 1, 'mrSeam': ['00']}|key 'mrSeam' must be a list of SHA-384",
        "{'version': 1, 'gpu': {'worker': 'yes'}}|'gpu.worker' must be \"required\" or",
        "{'version': 1, 'snp': {'Genova': {}}}|'snp.Genova' is unknown; did you mean 'snp.Genoa'?",
        "{'version': 1, 'snp': {'Genoa': {'fmc': 1}}}|'snp.Genoa.fmc' is unknown",
        "{'version': 1, 'snp': {'Genoa': {'bootloader': 9}}}|'snp.Genoa.microcode' is missing",
        "{'version': 1, 'snp': {'Milan': {'bootloader': 256}}}|'snp.Milan.bootloader' must be",
        "{'version': 1, 'gpuAccepted': {'chip': []}}|did you mean 'gpuAccepted.chips'?",
        "{'version': 1, 'gpuAccepted': {'drivers': ['a b']}}|key 'gpuAccepted.drivers' must be",
        "{'version': 1, 'onChange': 'wait'}|'onChange' must be \"end\" or \"drain\"",
        "{'version': 1} {}|follows",
        "{'version': 1|ends too early",
        "[]|must be a JSON object"
      })
  void namesTheKeyThatIsWrong(String json, String expected) {
    IOException refused = assertThrows(IOException.class, () -> load(json.replace('\'', '"')));
    assertTrue(String.valueOf(refused.getMessage()).contains(expected), refused.getMessage());
  }

  @Test
  void noHardwareRootCanBeSimulated() {
    String json = "{\"version\": 1, \"simulatedRoots\": [\"" + Policy.INTEL_SGX_ROOT + "\"]}";
    IOException refused = assertThrows(IOException.class, () -> load(json));
    assertTrue(String.valueOf(refused.getMessage()).contains("hardware root"));
  }

  @Test
  void everyRootOfAMakerIsAHardwareRoot() {
    List<String> roots = new ArrayList<>(List.of(GpuPolicy.NVIDIA_DEVICE_ROOT));
    Arrays.stream(Product.values()).map(Product::rootSha256).forEach(roots::add);
    for (String root : roots) {
      assertThrows(
          IllegalArgumentException.class,
          () -> Policy.NOTHING.withRoots(Set.of(), Set.of(root)),
          root);
    }
  }

  @Test
  void productsOfAPolicyAreThoseThatCanBeChecked() {
    assertEquals(
        Arrays.stream(Product.values()).map(Product::word).collect(Collectors.toSet()),
        Policy.Snp.products());
  }

  private Policy load(String json) throws IOException {
    return Policy.load(Files.writeString(dir.resolve("policy.json"), json));
  }
}
