package org.cocoon.backend;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A GGUF model's vocabulary; everything but cutting is read once, when the model is opened. */
final class LlamaVocabulary implements Vocabulary {
  /** COCOON_ENDS_GENERATION. */
  private static final int ENDS_GENERATION = 1;

  private final NativeModel model;
  private final byte[] pieces;
  private final int[] ends;
  private final byte[] flags;
  private final int[] prefix;
  private final @Nullable String chatTemplate;
  private final String beginText;
  private final String endText;

  LlamaVocabulary(NativeModel model, int size) {
    this.model = model;
    ends = new int[size];
    flags = new byte[size];
    pieces = model.pieces(ends, flags);
    String begin = model.metadata("begin_token");
    prefix = begin == null ? new int[0] : new int[] {Integer.parseInt(begin)};
    chatTemplate = model.metadata("chat_template");
    beginText = Objects.requireNonNullElse(model.metadata("begin_text"), "");
    endText = Objects.requireNonNullElse(model.metadata("end_text"), "");
  }

  @Override
  public int size() {
    return ends.length;
  }

  @Override
  public int[] tokenize(String text, boolean parseSpecial) {
    return model.tokenize(text.getBytes(UTF_8), parseSpecial);
  }

  @Override
  public byte[] piece(int token) {
    return Arrays.copyOfRange(pieces, token == 0 ? 0 : ends[token - 1], ends[token]);
  }

  @Override
  public boolean endsGeneration(int token) {
    return (flags[token] & ENDS_GENERATION) != 0;
  }

  @Override
  public int[] prefix() {
    return prefix.clone();
  }

  @Override
  public @Nullable String chatTemplate() {
    return chatTemplate;
  }

  @Override
  public String beginText() {
    return beginText;
  }

  @Override
  public String endText() {
    return endText;
  }
}
