package org.cocoon.worker.control;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What the commands that give an order to a running worker have in common. */
@Command(
    mixinStandardHelpOptions = true,
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {" 0:done", " 1:refused, or no worker runs there", " 2:wrong usage"})
abstract class OrderCommand implements Callable<Integer> {
  @Option(
      names = "--state",
      paramLabel = "DIR",
      required = true,
      description = "The worker's folder, as it was started with.")
  private Path state = Path.of("");

  @Spec private CommandSpec spec = CommandSpec.create();

  /** What the worker is told. */
  abstract Order order();

  @Override
  public final Integer call() {
    return new ControlClient(state, spec.commandLine().getOut(), spec.commandLine().getErr())
        .give(order());
  }
}
