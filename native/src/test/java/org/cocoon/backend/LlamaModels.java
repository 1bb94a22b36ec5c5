package org.cocoon.backend;

import java.nio.file.Path;
import java.util.Objects;

/** The real model of the tests, where the build has put it. */
final class LlamaModels {
  static final Path NATIVE = property("cocoon.native");
  static final Path MODEL = property("cocoon.model");

  private LlamaModels() {}

  private static Path property(String name) {
    return Path.of(Objects.requireNonNull(System.getProperty(name), name + " is set by Maven"));
  }

  static LlamaOptions options(Path model) {
    return new LlamaOptions(NATIVE, model, "smollm2", 2, 256, 64, 1);
  }

  static LlamaBackend open(int sequences, int contextTokens, int batchTokens, int threads) {
    return LlamaBackend.open(
        new LlamaOptions(NATIVE, MODEL, "smollm2", sequences, contextTokens, batchTokens, threads));
  }
}
