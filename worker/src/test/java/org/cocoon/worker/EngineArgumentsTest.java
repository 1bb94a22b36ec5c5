package org.cocoon.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.cocoon.worker.engine.EngineOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class EngineArgumentsTest {

  private static EngineOptions options(String... arguments) {
    return CommandLine.populateCommand(new EngineArguments(), arguments).options();
  }

  @Test
  void whatIsNotSaidIsAsInMostWorkers() {
    EngineOptions usual = EngineOptions.DEFAULTS.withPrefillChunk(64);
    assertEquals(usual, options());
  }

  @Test
  void everyOptionOfTheSchedulerReachesIt() {
    EngineOptions options =
        options(
            "--slots=3",
            "--kept-prefixes=5",
            "--max-queued=7",
            "--patience=PT2S",
            "--max-preemptions=4",
            "--prefill-chunk=32",
            "--target-step-ms=50",
            "--prompt-lookup=6");
    assertEquals(3, options.slots());
    assertEquals(7, options.maxQueued());
    assertEquals(2_000, options.patienceMillis());
    assertEquals(4, options.maxPreemptions());
    assertEquals(32, options.prefillChunk());
    assertEquals(50, options.targetStepMillis());
    assertEquals(6, options.promptLookup());
    assertTrue(options.reusePrefixes());
    assertFalse(options("--no-prefix-reuse").reusePrefixes());
  }

  @Test
  void keptPrefixesTakeNoSlots() {
    assertEquals(8, options("--kept-prefixes=4").slots());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--kept-prefixes=249",
        "--kept-prefixes=-1",
        "--max-queued=-1",
        "--patience=PT0S",
        "--patience=PT2H",
        "--max-preemptions=101",
        "--prefill-chunk=0",
        "--target-step-ms=-1",
        "--prompt-lookup=65"
      })
  void whatCannotBeIsToldByTheOptionsName(String argument) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> options(argument)).getMessage();
    assertTrue(
        String.valueOf(message).startsWith(argument.substring(0, argument.indexOf('='))), message);
  }

  @Test
  void whatContradictsItselfIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> options("--kept-prefixes=1", "--no-prefix-reuse"));
    assertThrows(
        IllegalArgumentException.class, () -> options("--kept-prefixes=1", "--engine=upstream"));
    assertThrows(IllegalArgumentException.class, () -> options("--exact", "--threads=2"));
    assertThrows(IllegalArgumentException.class, () -> options("--exact", "--engine=fake"));
    assertThrows(
        IllegalArgumentException.class, () -> options("--prompt-lookup=4", "--engine=tensorrt"));
  }
}
