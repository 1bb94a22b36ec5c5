package org.cocoon.contracts.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNullElse;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random operations on the contracts in the real TVM, against the model, after every one of which
 * both must agree and the eight invariants hold.
 *
 * <pre>
 * -Dcocoon.model.operations=100000   how many
 * -Dcocoon.model.seed=1              which ones
 * -Dcocoon.model.episode=17          this episode alone: what a failure says
 * </pre>
 */
final class ContractModelTest {
  private static final Path FOLDER = Path.of("tolk").toAbsolutePath();
  private static final int OPERATIONS = Integer.getInteger("cocoon.model.operations", 3_000);
  private static final long SEED = Long.getLong("cocoon.model.seed", 1);
  private static final int EPISODE = Integer.getInteger("cocoon.model.episode", -1);
  private static final int DRIVERS = Integer.getInteger("cocoon.model.drivers", 2);
  private static final Duration SHRINKING = Duration.ofSeconds(60);

  private final Coverage coverage = new Coverage();
  private final AtomicInteger nextEpisode = new AtomicInteger();
  private final AtomicBoolean failed = new AtomicBoolean();

  @TempDir Path dir = Path.of("");

  @Test
  void modelAndTvmAgreeOnEveryStep() throws IOException, InterruptedException {
    install();
    Instant start = Instant.now();
    try (ExecutorService drivers = Executors.newFixedThreadPool(DRIVERS)) {
      List<Future<?>> runs = new ArrayList<>();
      for (int i = 0; i < DRIVERS; i++) {
        runs.add(drivers.submit(this::drive));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    } catch (ExecutionException e) {
      Throwable cause = requireNonNullElse(e.getCause(), e);
      throw new AssertionError(cause.getMessage(), cause);
    }
    Duration time = Duration.between(start, Instant.now());
    System.out.printf(
        "model: seed %d, %d operations, %d transactions, %d s, %d operations a second%n%s",
        SEED,
        coverage.operations(),
        coverage.transactions(),
        time.toSeconds(),
        coverage.operations() * 1000 / Math.max(1, time.toMillis()),
        coverage.table());
    if (EPISODE < 0) {
      List<String> missing = coverage.missing(Required.of(OPERATIONS));
      assertTrue(missing.isEmpty(), () -> "these never came: " + missing);
    }
  }

  private Void drive() throws IOException {
    int episodes = (OPERATIONS + Episode.OPERATIONS - 1) / Episode.OPERATIONS;
    try (Tvm tvm = new Tvm(FOLDER)) {
      for (int i = next(); i < episodes && !failed.get(); i = next()) {
        try {
          new Episode(tvm, coverage, SEED, i).run(Episode.OPERATIONS, Set.of());
        } catch (Disagreement | IllegalStateException e) {
          failed.set(true);
          throw new AssertionError(report(tvm, i, e), e);
        }
        if (i % 20 == 19) {
          System.out.printf("model: %d operations%n", coverage.operations());
        }
      }
    }
    return null;
  }

  private int next() {
    if (EPISODE < 0) {
      return nextEpisode.getAndIncrement();
    }
    return nextEpisode.getAndIncrement() == 0 ? EPISODE : Integer.MAX_VALUE;
  }

  /** Leaves out operations as long as something is still wrong, and writes down what is left. */
  private static String report(Tvm tvm, int episode, Throwable first) throws IOException {
    Set<Integer> left = new TreeSet<>();
    List<String> trace = tvm.trace();
    String wrong = String.valueOf(first.getMessage());
    Instant end = first instanceof Disagreement ? Instant.now().plus(SHRINKING) : Instant.MIN;
    for (int chunk = Episode.OPERATIONS / 2; chunk > 0; chunk /= 2) {
      for (int at = 0; at < Episode.OPERATIONS && Instant.now().isBefore(end); at += chunk) {
        Set<Integer> tried = new TreeSet<>(left);
        for (int i = at; i < Math.min(at + chunk, Episode.OPERATIONS); i++) {
          tried.add(i);
        }
        if (tried.size() == left.size()) {
          continue;
        }
        try {
          new Episode(tvm, new Coverage(), SEED, episode).run(Episode.OPERATIONS, tried);
        } catch (Disagreement e) {
          left = tried;
          trace = tvm.trace();
          wrong = String.valueOf(e.getMessage());
        }
      }
    }
    Path file = Path.of("target", "model-%d-%d.jsonl".formatted(SEED, episode)).toAbsolutePath();
    Files.write(file, trace, UTF_8);
    return """
        %s
        -Dcocoon.model.seed=%d -Dcocoon.model.episode=%d, first: %s
        the smallest that was found: %d operations, %s
        """
        .formatted(
            wrong, SEED, episode, first.getMessage(), Episode.OPERATIONS - left.size(), file);
  }

  private void install() throws IOException, InterruptedException {
    if (Files.isDirectory(FOLDER.resolve("node_modules/@ton/sandbox"))) {
      return;
    }
    Path output = dir.resolve("output");
    Process process =
        new ProcessBuilder("npm", "ci", "--no-audit", "--no-fund", "--prefer-offline")
            .directory(FOLDER.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(5, TimeUnit.MINUTES);
    if (!ended) {
      process.destroyForcibly();
    }
    assertTrue(ended, "npm ci took more than five minutes");
    assertEquals(0, process.exitValue(), Files.readString(output, UTF_8));
  }
}
