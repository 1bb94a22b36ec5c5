package org.cocoon.worker.control;

import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Tells a running worker to give a model up. */
@Command(
    name = "unload",
    description = {
      "Has a running worker give a model up: routers are told, what runs may end for --drain and then",
      "goes on elsewhere, and the memory is free."
    })
public final class UnloadCommand extends OrderCommand {
  @Parameters(paramLabel = "NAME", description = "Its name in requests.")
  private String name = "";

  @Override
  Order order() {
    return new Order.Unload(name);
  }
}
