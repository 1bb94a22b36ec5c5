package org.cocoon.worker.control;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Asks a running worker for its models. */
@Command(
    name = "models",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Says which models a running worker has.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {" 0:done", " 1:refused, or no worker runs there", " 2:wrong usage"})
public final class ModelsCommand implements Callable<Integer> {
  @Option(
      names = "--state",
      paramLabel = "DIR",
      required = true,
      description = "The worker's folder, as it was started with.")
  private Path state = Path.of("");

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    return new ControlClient(state, spec.commandLine().getOut(), spec.commandLine().getErr())
        .give(new Order.Models());
  }
}
