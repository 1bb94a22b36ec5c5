package org.cocoon.bench;

import java.nio.file.Path;
import org.cocoon.backend.LlamaOptions;
import picocli.CommandLine.Option;

/** Where a command finds llama.cpp and a model; a mixin. */
final class LlamaArguments {
  private static final int BATCH_TOKENS = 512;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "FILE",
      description = "The model, a GGUF file.")
  private Path model = Path.of("");

  @Option(
      names = "--native",
      required = true,
      paramLabel = "DIR",
      description = "Folder of the native libraries, such as native/target/bridge.")
  private Path nativeFolder = Path.of("");

  /** A GGUF file. */
  Path model() {
    return model;
  }

  /** Where the native libraries are. */
  Path nativeFolder() {
    return nativeFolder;
  }

  /** The model as an engine in this process opens it. */
  LlamaOptions options(int slots, int contextTokens, int threads) {
    return new LlamaOptions(
        nativeFolder,
        model,
        "direct",
        slots,
        contextTokens,
        Math.max(BATCH_TOKENS, slots),
        threads);
  }
}
