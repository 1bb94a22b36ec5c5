package org.cocoon.worker.control;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Tells a running worker to take a model in. */
@Command(
    name = "load",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Has a running worker take another model: hash, weights, self-test; then routers are told.",
      "The others go on meanwhile."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {" 0:done", " 1:refused, or no worker runs there", " 2:wrong usage"})
public final class LoadCommand implements Callable<Integer> {
  private static final int HASH_CHARS = 64;

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
        .give(order());
  }

  /** The worker has another folder to start from, so the file is named from the root. */
  private Order order() {
    int at = source.length() - HASH_CHARS - 1;
    boolean hashed = at > 0 && source.substring(at).matches("@[0-9a-fA-F]{64}");
    String file = hashed ? source.substring(0, at) : source;
    Path path = Path.of(file).toAbsolutePath();
    return new Order.Load(
        Files.exists(path) ? path.toString() : file,
        name,
        hashed ? source.substring(at + 1).toLowerCase(Locale.ROOT) : "");
  }
}
