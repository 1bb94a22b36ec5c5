package org.cocoon.model;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF model file, version 2 or 3, mapped; only its header is read.
 *
 * <p>Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Any thread may read it.
 */
final class GgufFile implements AutoCloseable {
  private final MappedFile file;
  private final Map<String, GgufValue> metadata;
  private final Map<String, WeightTensor> tensors;
  private final int version;
  private final long metadataEnd;

  GgufFile(
      MappedFile file,
      int version,
      Map<String, GgufValue> metadata,
      long metadataEnd,
      Map<String, WeightTensor> tensors) {
    this.file = file;
    this.version = version;
    this.metadata = Collections.unmodifiableMap(metadata);
    this.metadataEnd = metadataEnd;
    this.tensors = Collections.unmodifiableMap(tensors);
  }

  /**
   * Maps a file and reads its header.
   *
   * @throws ModelFileException if it is not a GGUF file that this program can read
   */
  static GgufFile open(Path path) {
    MappedFile file = MappedFile.open(path);
    try {
      return new GgufReader(file).read();
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  MappedFile file() {
    return file;
  }

  /** 2 or 3. */
  int version() {
    return version;
  }

  /** By key, in the file's order. */
  Map<String, GgufValue> metadata() {
    return metadata;
  }

  /** Where the metadata ends and the list of tensors begins, in bytes from the file's start. */
  long metadataEnd() {
    return metadataEnd;
  }

  /** By name, in the file's order. */
  Map<String, WeightTensor> tensors() {
    return tensors;
  }

  /** A whole number between bounds, or a fall-back where the key is missing. */
  long whole(String key, long least, long most, @Nullable Long fallback) {
    GgufValue value = metadata.get(key);
    if (value == null && fallback != null) {
      return fallback;
    }
    if (!(value instanceof GgufValue.Whole whole)) {
      throw wrong(key, value, "a whole number");
    }
    if (whole.value() < least || whole.value() > most) {
      throw wrong(key, value, "from " + least + " to " + most);
    }
    return whole.value();
  }

  /** A finite positive number, or a fall-back where the key is missing. */
  double real(String key, @Nullable Double fallback) {
    GgufValue value = metadata.get(key);
    if (value == null && fallback != null) {
      return fallback;
    }
    double number =
        switch (value) {
          case GgufValue.Real real -> real.value();
          case GgufValue.Whole whole -> whole.value();
          case null, default -> Double.NaN;
        };
    if (!(number > 0 && Double.isFinite(number))) {
      throw wrong(key, value, "a positive number");
    }
    return number;
  }

  /** A text, or a fall-back where the key is missing. */
  String text(String key, @Nullable String fallback) {
    GgufValue value = metadata.get(key);
    if (value == null && fallback != null) {
      return fallback;
    }
    if (value instanceof GgufValue.Text text) {
      return text.value();
    }
    throw wrong(key, value, "a text");
  }

  private ModelFileException wrong(String key, @Nullable GgufValue value, String right) {
    String found = value == null ? "is missing" : "is " + value;
    return new ModelFileException(
        file.path()
            + ": '"
            + key
            + "' "
            + found
            + ", but must be "
            + right
            + "; take another file");
  }

  @Override
  public void close() {
    file.close();
  }
}
