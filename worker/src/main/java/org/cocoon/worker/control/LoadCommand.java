package org.cocoon.worker.control;

import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tells a running worker to take a model in. */
@Command(
    name = "load",
    description = {
      "Has a running worker take another model: hash, weights, self-test; then routers are told.",
      "The others go on meanwhile."
    })
public final class LoadCommand extends OrderCommand {
  @Parameters(
      paramLabel = "FILE[@HASH]",
      description = "As for --model; HASH is what its Merkle hash must be.")
  private String source = "";

  @Option(
      names = "--model-name",
      defaultValue = "",
      paramLabel = "NAME",
      description = "Its name in requests (default from the model).")
  private String name = "";

  /** The worker has another folder to start from, so the file is named from the root. */
  @Override
  Order order() {
    ModelSpec said = ModelSpec.parse(source, name);
    Path path = Path.of(said.source()).toAbsolutePath();
    return new Order.Load(
        Files.exists(path) ? new ModelSpec(path.toString(), name, said.hash()) : said);
  }
}
