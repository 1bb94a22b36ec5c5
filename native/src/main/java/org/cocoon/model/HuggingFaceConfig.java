package org.cocoon.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads a config.json of Hugging Face's transformers. */
final class HuggingFaceConfig {
  private static final int GEMMA_PATTERN = 6;
  private static final double GEMMA_LOCAL_BASE = 10_000;
  private static final int GEMMA_QUERY_WIDTH = 256;

  private final Path folder;
  private final JsonNode json;

  private HuggingFaceConfig(Path folder, JsonNode json) {
    this.folder = folder;
    this.json = json;
  }

  /**
   * The shape that a config.json tells of.
   *
   * @throws ModelFileException if it is of another family or says what cannot be
   */
  static ModelConfig of(Path folder, JsonNode json) {
    JsonNode text = json.path("text_config").isObject() ? json.path("text_config") : json;
    return new HuggingFaceConfig(folder, text).read();
  }

  private ModelConfig read() {
    Architecture architecture = architecture(json.path("model_type").asText());
    boolean gemma = architecture == Architecture.GEMMA3;
    refuseUnlessFalse("attention_bias");
    refuseUnlessFalse("mlp_bias");
    int hidden = size("hidden_size", ModelConfig.MAX_WIDTH, null);
    int heads = size("num_attention_heads", ModelConfig.MAX_WIDTH, null);
    int headDimension = size("head_dim", ModelConfig.MAX_WIDTH, hidden / heads);
    double base = real("rope_theta", gemma ? 1_000_000.0 : 10_000.0);
    double queryWidth = gemma ? real("query_pre_attn_scalar", (double) GEMMA_QUERY_WIDTH) : 0;
    return new ModelConfig(
        name(),
        architecture,
        size("num_hidden_layers", ModelConfig.MAX_LAYERS, null),
        hidden,
        heads,
        size("num_key_value_heads", ModelConfig.MAX_WIDTH, heads),
        headDimension,
        size("intermediate_size", ModelConfig.MAX_WIDTH, null),
        size("vocab_size", Integer.MAX_VALUE, null),
        size("max_position_embeddings", ModelConfig.MAX_CONTEXT, null),
        real("rms_norm_eps", gemma ? 1e-6 : null),
        gemma ? 1 : 0,
        1 / Math.sqrt(gemma ? queryWidth : headDimension),
        gemma ? Math.sqrt(hidden) : 1,
        gemma ? size("sliding_window", ModelConfig.MAX_CONTEXT, null) : 0,
        gemma ? pattern() : 0,
        new Rope(
            base,
            gemma ? real("rope_local_base_freq", GEMMA_LOCAL_BASE) : base,
            headDimension,
            false,
            scaling()));
  }

  private Architecture architecture(String type) {
    return switch (type) {
      case "llama", "mistral" -> Architecture.LLAMA;
      case "gemma3_text" -> Architecture.GEMMA3;
      default ->
          throw new ModelFileException(
              folder
                  + " holds a model of the type '"
                  + type
                  + "'; llama, mistral and gemma3_text can be exported");
    };
  }

  private String name() {
    Path last = folder.toAbsolutePath().normalize().getFileName();
    return ModelConfig.nameOf(last == null ? "" : last.toString());
  }

  /** Newer files list the kind of each layer; the kinds must follow the one known pattern. */
  private int pattern() {
    int pattern = size("sliding_window_pattern", ModelConfig.MAX_LAYERS, GEMMA_PATTERN);
    int layer = 0;
    for (JsonNode kind : json.path("layer_types")) {
      boolean local = kind.asText().equals("sliding_attention");
      if (local != (++layer % pattern != 0)) {
        throw new ModelFileException(
            folder + " has local and global layers in an unknown order; it cannot be exported");
      }
    }
    return pattern;
  }

  private Rope.Scaling scaling() {
    JsonNode scaling = json.path("rope_scaling");
    if (!scaling.isObject()) {
      return new Rope.Scaling.None();
    }
    HuggingFaceConfig inner = new HuggingFaceConfig(folder, scaling);
    String type = scaling.path("rope_type").asText(scaling.path("type").asText());
    return switch (type) {
      case "default" -> new Rope.Scaling.None();
      case "linear" -> new Rope.Scaling.Linear(inner.real("factor", null));
      case "llama3" ->
          new Rope.Scaling.Llama3(
              inner.real("factor", null),
              inner.real("low_freq_factor", null),
              inner.real("high_freq_factor", null),
              inner.real("original_max_position_embeddings", null));
      default ->
          throw new ModelFileException(
              folder
                  + " stretches its context by '"
                  + type
                  + "'; linear and llama3 can be exported");
    };
  }

  private void refuseUnlessFalse(String field) {
    if (json.path(field).asBoolean(false)) {
      throw new ModelFileException(folder + " has '" + field + "', which cannot be exported");
    }
  }

  private int size(String field, int most, @Nullable Integer fallback) {
    JsonNode value = json.path(field);
    if ((value.isMissingNode() || value.isNull()) && fallback != null) {
      return fallback;
    }
    if (!value.isIntegralNumber()
        || !value.canConvertToInt()
        || value.intValue() < 1
        || value.intValue() > most) {
      throw new ModelFileException(
          folder
              + "/config.json: '"
              + field
              + "' must be from 1 to "
              + most
              + "; fetch the model again");
    }
    return value.intValue();
  }

  private double real(String field, @Nullable Double fallback) {
    JsonNode value = json.path(field);
    if ((value.isMissingNode() || value.isNull()) && fallback != null) {
      return fallback;
    }
    if (!value.isNumber() || !(value.doubleValue() > 0) || Double.isInfinite(value.doubleValue())) {
      throw new ModelFileException(
          folder
              + "/config.json: '"
              + field
              + "' must be a positive number; fetch the model"
              + " again");
    }
    return value.doubleValue();
  }
}
