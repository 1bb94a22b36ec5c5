package org.cocoon.client.account;

import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.cocoon.client.Advice;
import org.cocoon.client.CocoonException;
import org.cocoon.client.Json;
import org.cocoon.client.Terminal;
import org.cocoon.contracts.chain.ChainException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * A command about money: what is expected to go wrong ends in one sentence and code 1. What it does
 * on the way goes to the standard error, so that a pipe gets the result alone.
 */
abstract class AccountCommand implements Callable<Integer> {
  static final String EXIT_CODES =
      "Exit codes: 0 done, 1 not done or not known yet (the sentence says what to do), 2 wrong"
          + " usage.";

  final Terminal terminal;
  final Map<String, String> environment;

  @Spec private @Nullable CommandSpec spec;

  @Mixin AccountOptions options = new AccountOptions();

  @Option(names = "--json", description = "JSON instead of sentences.")
  boolean json;

  AccountCommand(Terminal terminal, Map<String, String> environment) {
    this.terminal = terminal;
    this.environment = environment;
  }

  /** Does it; returns the exit code. */
  abstract int run() throws IOException, ChainException;

  @Override
  public final Integer call() {
    try {
      return run();
    } catch (CocoonException e) {
      complain(Advice.on(e));
    } catch (ChainException e) {
      complain(onChain(e));
    } catch (IOException | CommandFailure e) {
      complain(String.valueOf(e.getMessage()));
    }
    return CommandLine.ExitCode.SOFTWARE;
  }

  private static String onChain(ChainException e) {
    return switch (e.kind()) {
      case UNREACHABLE ->
          "The chain does not answer (%s): try again, or give another endpoint with --chain."
              .formatted(e.getMessage());
      case REJECTED -> "The chain refuses this: " + e.getMessage();
      case INCONSISTENT ->
          "The chain's answers contradict each other, so nothing was done: %s. Give another endpoint with --chain."
              .formatted(e.getMessage());
    };
  }

  private void complain(String sentence) {
    terminal.err().println(Terminal.withoutControls(sentence));
  }

  /** A line about what is being done, or was. */
  final void step(String text) {
    terminal.err().println(terminal.dim("- " + Terminal.withoutControls(text)));
  }

  /** A line of the result, for people. */
  final void say(String text) {
    terminal.out().println(Terminal.withoutControls(text));
  }

  /** The result, for programs. */
  final void write(Json.Body body) {
    terminal.out().println(Json.render(body));
  }

  final CommandSpec command() {
    return Objects.requireNonNull(spec);
  }

  final ParameterException misuse(String sentence) {
    return new ParameterException(command().commandLine(), sentence);
  }
}
