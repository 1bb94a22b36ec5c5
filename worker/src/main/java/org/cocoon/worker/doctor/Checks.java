package org.cocoon.worker.doctor;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The checks of a worker's machine, each of which finds one or a few things. */
final class Checks {
  private static final long GIB = 1L << 30;
  private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d+) kB");

  /** Evidence and certificates are refused when clocks differ by minutes. */
  private static final Duration MOST_OFFSET = Duration.ofSeconds(30);

  /** HTTP tells whole seconds, and an answer takes some time. */
  private static final Duration EXACT = Duration.ofSeconds(3);

  /** Of a model's file: besides the weights there are caches and the program. */
  private static final double MEMORY_FACTOR = 1.3;

  private final Machine machine;

  Checks(Machine machine) {
    this.machine = machine;
  }

  // ------------------------------------------------------------------ the TEE

  /** Which TEE this is, and whether it gives evidence. */
  Finding tee() {
    String what =
        machine.exists(Path.of("/dev/tdx_guest"))
            ? "TDX"
            : machine.exists(Path.of("/dev/sev-guest")) ? "SEV-SNP" : "";
    if (what.isEmpty()) {
      return Finding.warning(
          "tee",
          "neither /dev/tdx_guest nor /dev/sev-guest",
          "Run the worker inside a TDX or SEV-SNP guest; outside it works only with"
              + " --simulated-tee, which protects nothing.");
    }
    if (!machine.exists(Path.of("/sys/kernel/config/tsm/report"))) {
      return Finding.failed(
          "tee",
          what + ", without /sys/kernel/config/tsm/report",
          "Use Linux 6.7 or newer in the guest, and mount configfs: mount -t configfs none"
              + " /sys/kernel/config.");
    }
    return Finding.ok("tee", what + " with configfs-tsm reports");
  }

  // ------------------------------------------------------------------ the GPU

  /** Every GPU with driver, VBIOS and memory, and the mode of confidential computing. */
  List<Finding> gpu(boolean needed) {
    Optional<String> said =
        machine.run(
            List.of(
                "nvidia-smi",
                "--query-gpu=name,driver_version,vbios_version,memory.total",
                "--format=csv,noheader"));
    if (said.isEmpty() || said.get().isBlank()) {
      return List.of(noGpu(needed));
    }
    List<Finding> found = new ArrayList<>();
    for (String line : said.get().strip().lines().limit(64).toList()) {
      String[] fields = line.split("\\s*,\\s*", -1);
      found.add(
          fields.length == 4
              ? Finding.ok("gpu", "%s, driver %s, VBIOS %s, %s".formatted((Object[]) fields))
              : Finding.warning(
                  "gpu",
                  "nvidia-smi says something that is not understood",
                  "Look at the output of nvidia-smi by hand."));
    }
    found.add(confidentialComputing());
    return found;
  }

  private Finding noGpu(boolean needed) {
    boolean device = machine.exists(Path.of("/dev/nvidiactl"));
    String found = device ? "a GPU, but nvidia-smi does not answer" : "none";
    if (!needed) {
      return device
          ? Finding.warning("gpu", found, "Install the driver's tools that belong to the module.")
          : Finding.ok("gpu", "none; not needed for this engine");
    }
    return Finding.failed(
        "gpu",
        found,
        device
            ? "Load the driver that belongs to the installed nvidia-smi (dmesg says what is wrong)."
            : "Pass the GPU through to this guest and install NVIDIA's driver, or use --engine"
                + " llama.");
  }

  private Finding confidentialComputing() {
    Optional<String> mode = machine.run(List.of("nvidia-smi", "conf-compute", "-f"));
    if (mode.isEmpty()) {
      return Finding.warning(
          "gpu-cc",
          "nvidia-smi conf-compute does not answer",
          "Use a GPU that has confidential computing (H100 and newer) and a driver from 535 on.");
    }
    String word = mode.get().toUpperCase(Locale.ROOT);
    if (!word.matches("(?s).*CC STATUS:\\s*ON.*")) {
      return Finding.warning(
          "gpu-cc",
          "confidential computing is off",
          "Switch it on at the host (nvidia_gpu_tools.py --set-cc-mode=on"
              + " --reset-after-cc-mode-switch) and start the guest again.");
    }
    Optional<String> ready = machine.run(List.of("nvidia-smi", "conf-compute", "-grs"));
    if (ready.isPresent() && ready.get().toLowerCase(Locale.ROOT).contains("not ready")) {
      return Finding.failed(
          "gpu-cc",
          "confidential computing is on, and the GPU is not set ready",
          "Verify the GPU's evidence and then run: nvidia-smi conf-compute -srs 1.");
    }
    return Finding.ok("gpu-cc", "confidential computing is on");
  }

  // ------------------------------------------------------------------ the model

  /** Model file and native libraries, for the CPU engine. */
  List<Finding> model(@Nullable Path model, Path nativeFolder, @Nullable String expectedSha256) {
    List<Finding> found = new ArrayList<>();
    Path library = nativeFolder.resolve("libcocoon_llama.so");
    found.add(
        machine.exists(library)
            ? Finding.ok("native", library.toString())
            : Finding.failed(
                "native",
                library + " is missing",
                "Run native/build, or name the folder of the libraries with --native DIR."));
    if (model == null) {
      found.add(
          Finding.warning("model", "none named", "Name one with --model FILE to have it checked."));
      return found;
    }
    try {
      found.add(modelFile(model, expectedSha256));
      found.add(memory((long) (machine.size(model) * MEMORY_FACTOR)));
    } catch (IOException e) {
      found.add(
          Finding.failed(
              "model",
              model + " cannot be read",
              "Check the path and its permissions; native/fetch model NAME gets a known one."));
    }
    return found;
  }

  private Finding modelFile(Path model, @Nullable String expectedSha256) throws IOException {
    if (!Arrays.equals(machine.head(model, 4), "GGUF".getBytes(US_ASCII))) {
      return Finding.failed(
          "model", model + " is no GGUF file", "Download it again, or convert it to GGUF.");
    }
    String hash = machine.sha256(model);
    if (expectedSha256 != null && !hash.equalsIgnoreCase(expectedSha256)) {
      return Finding.failed(
          "model",
          "SHA-256 " + hash,
          "Download the file again: it is not the one that you expect.");
    }
    return Finding.ok("model", model + ", SHA-256 " + hash);
  }

  /** Whether so much memory is available. */
  Finding memory(long needed) {
    Optional<String> info = machine.text(Path.of("/proc/meminfo"));
    Matcher available = AVAILABLE.matcher(info.orElse(""));
    if (!available.find()) {
      return Finding.warning("memory", "unknown", "Look at /proc/meminfo by hand.");
    }
    long bytes = Long.parseLong(available.group(1)) * 1024;
    String found = "%.1f GiB available".formatted((double) bytes / GIB);
    return bytes >= needed
        ? Finding.ok("memory", found)
        : Finding.failed(
            "memory",
            found,
            "Give the machine %.1f GiB, or take a smaller model or quantisation."
                .formatted((double) needed / GIB));
  }

  /** Whether there is room for earnings, logs and a model. */
  Finding disk(Path folder) {
    try {
      long free = machine.free(folder);
      String found = "%.1f GiB free".formatted((double) free / GIB);
      return free >= GIB
          ? Finding.ok("disk", found)
          : Finding.failed("disk", found, "Free at least 1 GiB on the disk of " + folder + ".");
    } catch (IOException e) {
      return Finding.failed("disk", folder + " is not there", "Make that folder.");
    }
  }

  // ------------------------------------------------------------------ the network

  /** Whether a router, or another place, accepts connections. */
  Finding reachable(String check, String address) {
    int colon = address.lastIndexOf(':');
    try {
      int port = Integer.parseInt(address.substring(colon + 1));
      machine.connect(address.substring(0, Math.max(colon, 0)), port);
      return Finding.ok(check, address + " accepts connections");
    } catch (IllegalArgumentException e) {
      return Finding.failed(
          check, "'" + address + "'", "Write it as HOST:PORT, such as router.example:8443.");
    } catch (IOException e) {
      return Finding.failed(
          check,
          address + ": " + e.getMessage(),
          "Check the address, DNS and any firewall: workers only dial out, to this host and port.");
    }
  }

  /** How far this clock is from a server's, or whether it is kept at all. */
  Finding clock(@Nullable String url) {
    if (url == null) {
      Optional<String> kept =
          machine.run(List.of("timedatectl", "show", "-p", "NTPSynchronized", "--value"));
      return kept.isPresent() && kept.get().strip().equals("yes")
          ? Finding.ok("clock", "kept by NTP")
          : Finding.warning(
              "clock",
              "nobody is seen to keep it",
              "Run an NTP client, or compare it with --clock URL; evidence is refused when it is"
                  + " wrong.");
    }
    try {
      Instant there = machine.timeAt(url);
      Duration offset = Duration.between(there, machine.now()).abs();
      if (offset.compareTo(EXACT) <= 0) {
        return Finding.ok("clock", "within 3 s of " + url);
      }
      String found = "%d s from %s".formatted(offset.toSeconds(), url);
      String remedy = "Set the clock and keep it with an NTP client (chrony, systemd-timesyncd).";
      return offset.compareTo(MOST_OFFSET) <= 0
          ? Finding.warning("clock", found, remedy)
          : Finding.failed("clock", found, remedy);
    } catch (IOException e) {
      return Finding.warning(
          "clock", e.getMessage() == null ? url : e.getMessage(), "Name another --clock URL.");
    }
  }
}
