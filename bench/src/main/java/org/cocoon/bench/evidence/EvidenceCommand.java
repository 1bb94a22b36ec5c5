package org.cocoon.bench.evidence;

import java.io.PrintStream;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.cocoon.client.ManifestVersion;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code evidence}: what attestation costs. */
@Command(
    name = "evidence",
    description = {
      "Measure what a peer's evidence costs, and attested TLS handshakes beside plain ones.",
      "",
      "Evidence is simulated, in form and signatures like that of hardware. CPU is the processor",
      "time of the whole process for each operation; time is the wall's, which others may share."
    },
    sortOptions = false,
    usageHelpWidth = 100,
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {"", "Exit codes: 0 measured, 1 a check failed, 2 wrong usage."})
public final class EvidenceCommand implements Callable<Integer> {
  private static final String LINE = "%-28s %12s %12s %14s%n";

  private final PrintStream out;

  @Option(
      names = "--iterations",
      defaultValue = "5",
      description = "Seconds that are measured of each check (default: 5).")
  private int iterations = 5;

  @Option(
      names = "--rounds",
      defaultValue = "20",
      description = "Rounds of 2 x 50 handshakes of each kind (default: 20).")
  private int rounds = 20;

  /** Prints to this stream. */
  public EvidenceCommand(PrintStream out) {
    this.out = out;
  }

  @Override
  public Integer call() throws Exception {
    var options =
        new OptionsBuilder()
            .include(EvidenceBenchmark.class.getName())
            .addProfiler(CpuProfiler.class)
            .forks(1)
            .warmupIterations(5)
            .warmupTime(TimeValue.seconds(1))
            .measurementIterations(Math.max(1, iterations))
            .measurementTime(TimeValue.seconds(1))
            .verbosity(VerboseMode.SILENT)
            .build();
    out.printf(LINE, "check", "CPU us", "time us", "per s and core");
    for (RunResult result : new Runner(options).run()) {
      Result<?> time = result.getPrimaryResult();
      Result<?> cpuTime =
          Objects.requireNonNull(result.getSecondaryResults().get(CpuProfiler.LABEL));
      print(time.getLabel(), cpuTime.getScore(), "%.1f".formatted(time.getScore()));
    }
    out.println();
    out.printf(LINE, "handshake, both ends", "CPU us", "", "per s and core");
    List<HandshakeComparison.Cost> costs = HandshakeComparison.run(Math.max(1, rounds));
    costs.forEach(cost -> print(cost.name(), cost.medianCpuMicros(), ""));
    double plain = costs.getFirst().medianCpuMicros();
    costs
        .subList(1, costs.size())
        .forEach(
            cost -> out.printf("%s: %.2f x plain%n", cost.name(), cost.medianCpuMicros() / plain));
    return 0;
  }

  private void print(String name, double cpuMicros, String time) {
    out.printf(LINE, name, "%.1f".formatted(cpuMicros), time, "%.0f".formatted(1e6 / cpuMicros));
    out.flush();
  }
}
