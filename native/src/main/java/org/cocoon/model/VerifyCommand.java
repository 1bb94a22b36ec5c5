package org.cocoon.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Hashes a model file and compares. */
@Command(
    name = "verify",
    description = "Print the hash of a model file, or check it; check an exported folder.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./cocoon model verify model.gguf",
      "  ./cocoon model verify model.gguf --hash 3f1c...",
      "  ./cocoon model verify model.gguf --write-blocks   # then a damaged block can be named",
      "  ./cocoon model verify exported/"
    })
final class VerifyCommand implements Callable<Integer> {
  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

  @Parameters(paramLabel = "PATH", description = "A model file or an exported folder.")
  private Path path = Path.of("");

  @Option(names = "--hash", paramLabel = "HEX", description = "What the hash must be.")
  private String expected = "";

  @Option(names = "--write-blocks", description = "Keep the hash of each block in FILE.blocks.")
  private boolean writeBlocks;

  @Override
  public Integer call() {
    if (Files.isDirectory(path)) {
      folder();
    } else {
      file();
    }
    return 0;
  }

  private void folder() {
    if (!Files.exists(path.resolve(ExportedModel.DESCRIPTION))) {
      try (ModelSource source = ModelSource.open(path);
          Progress progress =
              new Progress(spec.commandLine().getErr(), "hashing", source.bytes())) {
        compare(source.hash(progress));
      }
      return;
    }
    ExportedModel model = ExportedModel.open(path);
    try (Progress progress =
        new Progress(spec.commandLine().getErr(), "hashing", model.data().toFile().length())) {
      model.verify(progress);
    }
    compare(model.hash());
  }

  private void file() {
    BlockHashes hashes;
    try (Progress progress =
        new Progress(spec.commandLine().getErr(), "hashing", path.toFile().length())) {
      hashes = BlockHashes.of(path, progress);
    }
    Path beside = BlockHashes.beside(path);
    if (!expected.isEmpty() && !hashes.root().equals(expected) && Files.exists(beside)) {
      BlockHashes right = BlockHashes.read(beside);
      if (right.root().equals(expected)) {
        throw new ModelFileException(
            path + " is not " + expected + ": " + hashes.difference(right));
      }
    }
    compare(hashes.root());
    if (writeBlocks) {
      hashes.write(beside);
    }
  }

  private void compare(String found) {
    if (!expected.isEmpty() && !found.equals(expected)) {
      throw new ModelFileException(
          path + " has the hash " + found + ", not " + expected + "; fetch it again");
    }
    spec.commandLine().getOut().println(found + "  " + path);
  }
}
