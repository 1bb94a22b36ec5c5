package org.cocoon.bench.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.cocoon.bench.network.Repository;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * Our verdicts beside those of dcap-qvl on some ten thousand changes of real and forged evidence:
 * never do we believe what it refuses, but for two rules of Intel's that it leaves out, and where
 * we refuse more, it is for a reason of a closed list.
 *
 * <p>System properties: {@code cocoon.oracle.seed} and {@code cocoon.oracle.cases}; {@code
 * cocoon.evidence}, the folder of real evidence, otherwise looked for as {@code shared/evidence}
 * above the repository.
 */
@DisabledIfEnvironmentVariable(
    named = "COCOON_SKIP_SDK",
    matches = "1",
    disabledReason = "COCOON_SKIP_SDK=1")
final class OracleTest {
  private static final long SEED = Long.getLong("cocoon.oracle.seed", 20260301);
  private static final int CASES = Integer.getInteger("cocoon.oracle.cases", 10_000);
  private static final int PROCESSES = 2;
  private static final int BATCH = 250;
  private static final long INSTALL_SECONDS = 300;
  private static final Pattern ADVISORY = Pattern.compile("\"((INTEL|FORGED)-SA-[0-9]+)\"");

  @Test
  void neverBelievesWhatTheOracleRefuses(@TempDir Path folder) throws Exception {
    Path installed = install(folder);
    Cases cases = new Cases(SEED);
    if (!cases.haveReal()) {
      System.out.println("oracle: no folder shared/evidence, so all cases are forgeries");
    }
    List<Collateral> recurring = cases.bases().stream().map(Case::collateral).toList();
    Set<String> advisories = advisories(recurring);
    try (Oracle oracle = new Oracle(installed, recurring)) {
      List<Oracle.Answer> answers = oracle.ask(cases.bases());
      for (int i = 0; i < answers.size(); i++) {
        Case base = cases.bases().get(i);
        assertInstanceOf(Oracle.Answer.Accepted.class, answers.get(i), base.name());
        Verdict ours = new OurVerdict(advisories).of(base);
        assertInstanceOf(Verdict.Trusted.class, ours, base.name() + ": " + ours);
      }
    }
    Comparison comparison = new Comparison();
    try (ExecutorService threads = Executors.newFixedThreadPool(PROCESSES)) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < PROCESSES; i++) {
        running.add(
            threads.submit(
                () -> {
                  compare(installed, cases, recurring, advisories, comparison);
                  return null;
                }));
      }
      for (Future<?> one : running) {
        one.get();
      }
    }
    System.out.println("oracle: seed " + SEED);
    comparison.counts().forEach((what, count) -> System.out.printf("  %6d  %s%n", count, what));
    int total = comparison.counts().values().stream().mapToInt(Integer::intValue).sum();
    System.out.printf("  %6d  cases%n", total);
    assertEquals(
        List.of(), comparison.unexplained(), () -> "unexplained differences, seed " + SEED);
    assertEquals(CASES, total);
  }

  private static void compare(
      Path installed,
      Cases cases,
      List<Collateral> recurring,
      Set<String> advisories,
      Comparison comparison)
      throws IOException {
    OurVerdict ours = new OurVerdict(advisories);
    try (Oracle oracle = new Oracle(installed, recurring)) {
      for (int left = CASES / PROCESSES; left > 0; left -= BATCH) {
        List<Case> batch = cases.make(Math.min(BATCH, left));
        List<Oracle.Answer> theirs = oracle.ask(batch);
        for (int i = 0; i < batch.size(); i++) {
          comparison.add(batch.get(i), theirs.get(i), ours.of(batch.get(i)));
        }
      }
    }
  }

  /** All advisories that unchanged collateral knows: dcap-qvl has no opinion on them. */
  private static Set<String> advisories(List<Collateral> collateral) {
    Set<String> advisories = new HashSet<>();
    for (Collateral one : collateral) {
      Matcher matcher = ADVISORY.matcher(one.tcbInfo() + one.qeIdentity());
      while (matcher.find()) {
        advisories.add(matcher.group(1));
      }
    }
    return advisories;
  }

  private static Path install(Path folder) throws IOException, InterruptedException {
    Path output = folder.resolve("install.out");
    Path errors = folder.resolve("install.err");
    Path program = Repository.root().resolve("bench/src/test/sdk/install");
    Process process =
        new ProcessBuilder(program.toString(), "oracle")
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile())
            .start();
    if (!process.waitFor(INSTALL_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
    assertEquals(0, process.waitFor(), () -> "the oracle is not installed: " + read(errors));
    return Path.of(Files.readString(output).strip());
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
