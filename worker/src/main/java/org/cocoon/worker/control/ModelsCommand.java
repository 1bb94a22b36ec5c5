package org.cocoon.worker.control;

import picocli.CommandLine.Command;

/** Asks a running worker for its models. */
@Command(name = "models", description = "Says which models a running worker has.")
public final class ModelsCommand extends OrderCommand {
  @Override
  Order order() {
    return new Order.Models();
  }
}
