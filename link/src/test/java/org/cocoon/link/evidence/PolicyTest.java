package org.cocoon.link.evidence;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PolicyTest {
  private static final String HASH = "ab".repeat(32);

  @TempDir Path dir = Path.of("");

  @Test
  void readsWhatItWrites() throws IOException {
    Policy policy =
        new Policy(
            Set.of(Policy.INTEL_SGX_ROOT),
            Set.of(HASH),
            false,
            Map.of(Role.ROUTER, Set.of("cd".repeat(32)), Role.WORKER, Set.of(HASH)));
    assertEquals(policy, load(policy.toJson()));
    assertTrue(policy.allowsSimulated());
  }

  @Test
  void whatIsLeftOutAllowsNothing() throws IOException {
    Policy policy = load("{\"version\": 1}");
    assertEquals(Set.of(), policy.trustedRoots());
    assertEquals(Set.of(), policy.imagesOf(Role.WORKER));
    assertTrue(policy.collateralRequired());
    assertFalse(policy.allowsSimulated());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}|version",
        "{\"version\": 2}|must be 1",
        "{\"version\": 1, \"Images\": {}}|key 'Images' is unknown",
        "{\"version\": 1, \"version\": 1}|Duplicate field 'version'",
        "{\"version\": 1, \"images\": {\"proxy\": []}}|key 'images.proxy' is unknown",
        "{\"version\": 1, \"images\": {\"worker\": [], \"worker\": []}}|Duplicate field 'worker'",
        "{\"version\": 1, \"images\": {\"worker\": [\"ABAB\"]}}|key 'images.worker'",
        "{\"version\": 1, \"collateral\": false}|key 'collateral' must be",
        "{\"version\": 1} {}|follows",
        "{\"version\": 1|Unexpected end",
        "[]|must be a JSON object"
      })
  void namesTheKeyThatIsWrong(String json, String expected) {
    IOException refused = assertThrows(IOException.class, () -> load(json));
    assertTrue(String.valueOf(refused.getMessage()).contains(expected), refused.getMessage());
  }

  @Test
  void noHardwareRootCanBeSimulated() {
    String json = "{\"version\": 1, \"simulatedRoots\": [\"" + Policy.INTEL_SGX_ROOT + "\"]}";
    IOException refused = assertThrows(IOException.class, () -> load(json));
    assertTrue(String.valueOf(refused.getMessage()).contains("hardware root"));
  }

  private Policy load(String json) throws IOException {
    return Policy.load(Files.writeString(dir.resolve("policy.json"), json));
  }
}
