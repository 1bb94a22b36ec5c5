package org.cocoon.backend;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The vocabulary of a GGUF file, read by llama.cpp without the weights: for backends that compute
 * with something else. The file may have no tensors at all.
 *
 * <p>Calls from any thread, until it is closed: then cutting text is a {@link BackendException}.
 */
public final class GgufVocabulary implements Vocabulary, AutoCloseable {
  private final NativeModel model;
  private final LlamaVocabulary vocabulary;

  private GgufVocabulary(NativeModel model, int size) {
    this.model = model;
    vocabulary = new LlamaVocabulary(model, size);
  }

  /**
   * Reads a vocabulary.
   *
   * @param nativeDir folder with libcocoon_llama.so and llama.cpp's libraries
   * @param file a GGUF file
   * @throws BackendException if either cannot be used, in a sentence
   */
  public static GgufVocabulary open(Path nativeDir, Path file) {
    if (!Files.isRegularFile(file)) {
      throw new BackendException("there is no vocabulary " + file);
    }
    NativeLibrary.load(nativeDir, LlamaBackend.LIBRARY);
    int[] limits = new int[5];
    long address;
    try {
      address =
          NativeLibrary.openVocabulary(
              nativeDir.toAbsolutePath().toString().getBytes(UTF_8),
              file.toAbsolutePath().toString().getBytes(UTF_8),
              limits);
    } catch (BackendException e) {
      throw new BackendException("cannot use the vocabulary " + file + ": " + e.getMessage(), e);
    }
    NativeModel model = new NativeModel(address);
    try {
      return new GgufVocabulary(model, limits[3]);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  @Override
  public int size() {
    return vocabulary.size();
  }

  @Override
  public int[] tokenize(String text, boolean parseSpecial) {
    return vocabulary.tokenize(text, parseSpecial);
  }

  @Override
  public byte[] piece(int token) {
    return vocabulary.piece(token);
  }

  @Override
  public boolean endsGeneration(int token) {
    return vocabulary.endsGeneration(token);
  }

  @Override
  public int[] prefix() {
    return vocabulary.prefix();
  }

  @Override
  public @Nullable String chatTemplate() {
    return vocabulary.chatTemplate();
  }

  @Override
  public String beginText() {
    return vocabulary.beginText();
  }

  @Override
  public String endText() {
    return vocabulary.endText();
  }

  @Override
  public void close() {
    model.close();
  }
}
