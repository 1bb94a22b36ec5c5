package org.cocoon.worker.control;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Tells a running worker to give a model up. */
@Command(
    name = "unload",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Has a running worker give a model up: routers are told, what runs may end for --drain and then",
      "goes on elsewhere, and the memory is free."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {" 0:done", " 1:refused, or no worker runs there", " 2:wrong usage"})
public final class UnloadCommand implements Callable<Integer> {
  @Parameters(paramLabel = "NAME", description = "Its name in requests.")
  private String name = "";

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
        .give(new Order.Unload(name));
  }
}
