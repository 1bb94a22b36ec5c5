package org.cocoon.model;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Lists what can be fetched by name and what lies in the cache. */
@Command(
    name = "list",
    description = "List the packaged models and what lies in the cache.",
    mixinStandardHelpOptions = true)
final class ListCommand implements Callable<Integer> {
  private static final int DEPTH = 4;

  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Path cache = PackagedModels.cache();
    out.println("Packaged (./cocoon model pull NAME):");
    for (PackagedModels.Packaged model : PackagedModels.ALL) {
      boolean here = Files.isRegularFile(model.file(cache));
      out.printf("  %-24s %s%s%n", model.name(), model.about(), here ? " (fetched)" : "");
    }
    Path models = cache.resolve("models");
    out.println("In " + models + ":");
    if (!Files.isDirectory(models)) {
      return 0;
    }
    try (Stream<Path> files = Files.walk(models, DEPTH)) {
      files
          .filter(file -> file.toString().matches(".*\\.(gguf|safetensors)"))
          .sorted()
          .forEach(file -> out.printf("  %10.1f MB  %s%n", file.toFile().length() / 1e6, file));
    } catch (IOException e) {
      throw new ModelFileException("cannot read " + models + ": " + e.getMessage(), e);
    }
    return 0;
  }
}
