package org.cocoon.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/** An opened model: its shape, and its tensors under GGUF's names. */
interface ModelSource extends AutoCloseable {

  /**
   * Opens a GGUF file, a folder with safetensors, or one safetensors file with config.json beside
   * it.
   *
   * @throws ModelFileException if it is none of them or cannot be used
   */
  static ModelSource open(Path path) {
    if (Files.isDirectory(path)) {
      return SafetensorsModel.open(path);
    }
    if (path.toString().endsWith(".safetensors")) {
      return SafetensorsModel.open(path.resolveSibling("").toAbsolutePath());
    }
    return GgufModel.open(path);
  }

  /** "gguf" or "safetensors". */
  String format();

  /** The shape of the model. */
  ModelConfig config();

  /** All tensors that a graph must use, by GGUF's name. */
  Map<String, WeightTensor> tensors();

  /** The file whose tokenizer an export takes over, if there is one. */
  Optional<GgufFile> vocabulary();

  /** Hash over everything that was opened; reads all of it. */
  String hash(LongConsumer progress);

  /** Bytes that {@link #hash} reads. */
  long bytes();

  @Override
  void close();
}
