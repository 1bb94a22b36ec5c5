package org.cocoon.contracts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contracts' own tests, on the real TVM, and their gas against the baseline. */
final class TolkTest {
  private static final Path FOLDER = Path.of("tolk").toAbsolutePath();
  private static final Pattern PASSED = Pattern.compile("(?m)^# pass (\\d+)$");

  /** Those that were there when this was written; fewer means that some were not found. */
  private static final int LEAST_TESTS = 60;

  /** For each command; a minute or two on a machine that does nothing else. */
  private static final int MOST_MINUTES = 10;

  @TempDir Path dir = Path.of("");

  @Test
  void contractsKeepTheirPromisesAndTheirPrice() throws IOException, InterruptedException {
    npm("ci", "--no-audit", "--no-fund", "--prefer-offline");
    String tests = npm("test", "--silent");
    Matcher passed = PASSED.matcher(tests);
    assertTrue(passed.find(), tests);
    assertTrue(Integer.parseInt(passed.group(1)) >= LEAST_TESTS, tests);
    System.out.println("contracts: " + passed.group(1) + " tests passed on the TVM");
    tests.lines().filter(line -> line.contains("mutants judged")).forEach(System.out::println);
    System.out.println(npm("run", "--silent", "gas"));
  }

  private String npm(String... arguments) throws IOException, InterruptedException {
    String[] command = new String[arguments.length + 1];
    command[0] = "npm";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Path output = dir.resolve("output");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(FOLDER.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    Process process = builder.start();
    boolean ended = process.waitFor(MOST_MINUTES, TimeUnit.MINUTES);
    if (!ended) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    String said = Files.readString(output, UTF_8);
    assertTrue(
        ended,
        () -> "npm " + arguments[0] + " took more than " + MOST_MINUTES + " minutes:\n" + said);
    assertEquals(0, process.exitValue(), said);
    return said;
  }
}
