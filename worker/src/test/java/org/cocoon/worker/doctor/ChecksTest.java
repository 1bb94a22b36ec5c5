package org.cocoon.worker.doctor;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.cocoon.worker.doctor.Finding.Grade;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the doctor says of machines of many kinds. */
class ChecksTest {
  private static final Path MODEL = Path.of("/models/m.gguf");

  private final PaperMachine machine = new PaperMachine();
  private final Checks checks = new Checks(machine);

  private static final class PaperMachine implements Machine {
    final Set<Path> there = new HashSet<>();
    final Map<Path, String> texts = new HashMap<>();
    final Map<String, String> said = new HashMap<>();
    final Map<Path, String> files = new HashMap<>();
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    long free = 10L << 30;
    boolean answers = true;

    @Override
    public Optional<String> text(Path file) {
      return Optional.ofNullable(texts.get(file));
    }

    @Override
    public boolean exists(Path path) {
      return there.contains(path);
    }

    @Override
    public long size(Path file) {
      return 1L << 30;
    }

    @Override
    public byte[] head(Path file, int bytes) throws IOException {
      String content = files.get(file);
      if (content == null) {
        throw new FileNotFoundException(file.toString());
      }
      return content.substring(0, bytes).getBytes(US_ASCII);
    }

    @Override
    public String sha256(Path file) {
      return "ab";
    }

    @Override
    public long free(Path folder) {
      return free;
    }

    @Override
    public Optional<String> run(List<String> command) {
      return Optional.ofNullable(said.get(String.join(" ", command)));
    }

    @Override
    public void connect(String host, int port) throws IOException {
      if (!answers) {
        throw new IOException("refused");
      }
    }

    @Override
    public Instant timeAt(String url) {
      return Instant.parse("2026-01-01T00:00:00Z");
    }

    @Override
    public Instant now() {
      return now;
    }
  }

  private static void failed(Finding finding) {
    assertEquals(Grade.FAILED, finding.grade(), finding.toString());
    assertTrue(finding.remedy().endsWith("."), "a remedy is a sentence: " + finding.remedy());
  }

  @Test
  void tellsTheTeeByItsDeviceAndMissesItsReports() {
    assertEquals(Grade.WARNING, checks.tee().grade());
    machine.there.add(Path.of("/dev/tdx_guest"));
    failed(checks.tee());
    machine.there.add(Path.of("/sys/kernel/config/tsm/report"));
    assertEquals(Finding.ok("tee", "TDX with configfs-tsm reports"), checks.tee());
  }

  @Test
  void missesAGpuOnlyWhereOneIsNeeded() {
    assertEquals(Grade.OK, checks.gpu(false).getFirst().grade());
    failed(checks.gpu(true).getFirst());
    machine.there.add(Path.of("/dev/nvidiactl"));
    Finding withoutTools = checks.gpu(true).getFirst();
    failed(withoutTools);
    assertTrue(withoutTools.remedy().contains("driver"));
  }

  @Test
  void readsDriverVbiosAndTheModeOfConfidentialComputing() {
    machine.said.put(
        "nvidia-smi --query-gpu=name,driver_version,vbios_version,memory.total"
            + " --format=csv,noheader",
        "NVIDIA H100 80GB HBM3, 570.86, 96.00.A5.00.01, 81559 MiB\n");
    List<Finding> found = checks.gpu(true);
    assertEquals(
        "NVIDIA H100 80GB HBM3, driver 570.86, VBIOS 96.00.A5.00.01, 81559 MiB",
        found.getFirst().found());
    assertEquals(Grade.WARNING, found.getLast().grade());
    machine.said.put("nvidia-smi conf-compute -f", "CC status: OFF\n");
    assertTrue(checks.gpu(true).getLast().remedy().contains("--set-cc-mode=on"));
    machine.said.put("nvidia-smi conf-compute -f", "CC status: ON\n");
    assertEquals(Grade.OK, checks.gpu(true).getLast().grade());
    machine.said.put(
        "nvidia-smi conf-compute -grs", "Confidential Compute GPUs Ready state: not ready\n");
    failed(checks.gpu(true).getLast());
  }

  @Test
  void looksAtTheModelItsHashAndTheMemoryForIt() {
    machine.there.add(Path.of("lib/libcocoon_llama.so"));
    machine.texts.put(Path.of("/proc/meminfo"), "MemAvailable:    1048576 kB\n");
    failed(checks.model(MODEL, Path.of("lib"), null).getLast());
    machine.files.put(MODEL, "zip!!");
    failed(checks.model(MODEL, Path.of("lib"), null).get(1));
    machine.files.put(MODEL, "GGUF3");
    List<Finding> found = checks.model(MODEL, Path.of("lib"), "AB");
    assertEquals(Grade.OK, found.get(1).grade());
    failed(found.getLast());
    assertTrue(found.getLast().remedy().contains("1.3 GiB"), found.getLast().remedy());
    failed(checks.model(MODEL, Path.of("lib"), "cd").get(1));
    failed(checks.model(MODEL, Path.of("elsewhere"), "ab").getFirst());
  }

  @Test
  void missesRoomAndRouters() {
    machine.free = 1 << 20;
    failed(checks.disk(Path.of(".")));
    assertEquals(Grade.OK, checks.reachable("router", "r.example:8443").grade());
    failed(checks.reachable("router", "r.example"));
    failed(checks.reachable("router", "r.example:70000x"));
    machine.answers = false;
    failed(checks.reachable("router", "r.example:8443"));
  }

  @ParameterizedTest
  @CsvSource({"0, OK", "3, OK", "-3, OK", "20, WARNING", "-20, WARNING", "300, FAILED"})
  void judgesTheClockByHowFarItIsOff(int seconds, Grade grade) {
    machine.now = machine.now.plusSeconds(seconds);
    assertEquals(grade, checks.clock("http://router").grade());
  }

  @Test
  void saysTheSameAsTextAndAsJson() throws Exception {
    Finding bad = Finding.failed("disk", "1 MB \"free\"", "Free some.");
    String text = DoctorCommand.text(List.of(bad, Finding.ok("tee", "TDX")));
    assertTrue(text.contains("failed") && text.contains("Free some."), text);
    var json = new ObjectMapper().readTree(DoctorCommand.json(List.of(bad)));
    assertEquals("1 MB \"free\"", json.path(0).path("found").asText());
    assertEquals("failed", json.path(0).path("grade").asText());
    assertFalse(json.path(0).path("remedy").asText().isEmpty());
  }
}
