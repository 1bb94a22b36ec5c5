package org.cocoon.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/** A model in a GGUF file. */
final class GgufModel implements ModelSource {
  private static final String ROPE_DIVISORS = "rope_freqs.weight";

  /** Layers of Gemma 3 between two global ones, and the base of local layers, where unsaid. */
  private static final int GEMMA_PATTERN = 6;

  private static final double GEMMA_LOCAL_BASE = 10_000;

  /** The one Gemma 3, 27B, whose queries are scaled by the width of a head of others. */
  private static final int GEMMA_27B_LAYERS = 62;

  private final GgufFile file;
  private final ModelConfig config;
  private final Map<String, WeightTensor> tensors;

  private GgufModel(GgufFile file, ModelConfig config, Map<String, WeightTensor> tensors) {
    this.file = file;
    this.config = config;
    this.tensors = tensors;
  }

  static GgufModel open(Path path) {
    GgufFile file = GgufFile.open(path);
    try {
      Map<String, WeightTensor> tensors = new LinkedHashMap<>(file.tensors());
      WeightTensor divisors = tensors.remove(ROPE_DIVISORS);
      return new GgufModel(file, config(file, Optional.ofNullable(divisors)), tensors);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static ModelConfig config(GgufFile file, Optional<WeightTensor> divisors) {
    String label = file.text("general.architecture", null);
    Architecture architecture = architecture(file, label);
    boolean gemma = architecture == Architecture.GEMMA3;
    int layers = size(file, label + ".block_count", ModelConfig.MAX_LAYERS);
    int hidden = size(file, label + ".embedding_length", ModelConfig.MAX_WIDTH);
    int heads = size(file, label + ".attention.head_count", ModelConfig.MAX_WIDTH);
    long keyValueHeads =
        file.whole(label + ".attention.head_count_kv", 1, ModelConfig.MAX_WIDTH, (long) heads);
    long headDimension =
        file.whole(
            label + ".attention.key_length", 2, ModelConfig.MAX_WIDTH, (long) hidden / heads);
    file.whole(label + ".attention.value_length", headDimension, headDimension, headDimension);
    double scaleWidth =
        gemma && layers == GEMMA_27B_LAYERS ? (double) hidden / heads : headDimension;
    int window =
        gemma
            ? (int)
                file.whole(label + ".attention.sliding_window", 1, ModelConfig.MAX_CONTEXT, null)
            : 0;
    return new ModelConfig(
        ModelConfig.nameOf(file.text("general.name", label)),
        architecture,
        layers,
        hidden,
        heads,
        (int) keyValueHeads,
        (int) headDimension,
        size(file, label + ".feed_forward_length", ModelConfig.MAX_WIDTH),
        vocabulary(file),
        size(file, label + ".context_length", ModelConfig.MAX_CONTEXT),
        file.real(label + ".attention.layer_norm_rms_epsilon", null),
        0,
        1 / Math.sqrt(scaleWidth),
        gemma ? Math.sqrt(hidden) : 1,
        window,
        window == 0 ? 0 : GEMMA_PATTERN,
        rope(file, label, gemma, (int) headDimension, divisors));
  }

  private static Architecture architecture(GgufFile file, String label) {
    for (Architecture architecture : Architecture.values()) {
      if (architecture.label().equals(label)) {
        return architecture;
      }
    }
    throw new ModelFileException(
        file.file().path()
            + " is of the architecture '"
            + label
            + "'; llama (with SmolLM2 and Mistral) and gemma3 can be exported");
  }

  private static Rope rope(
      GgufFile file,
      String label,
      boolean gemma,
      int headDimension,
      Optional<WeightTensor> divisors) {
    double base = file.real(label + ".rope.freq_base", 10_000.0);
    double localBase = file.real(label + ".rope.freq_base_swa", gemma ? GEMMA_LOCAL_BASE : base);
    int dimensions =
        (int) file.whole(label + ".rope.dimension_count", 2, headDimension, (long) headDimension);
    return new Rope(
        base, localBase, dimensions, !gemma, scaling(file, label, dimensions, divisors));
  }

  private static Rope.Scaling scaling(
      GgufFile file, String label, int dimensions, Optional<WeightTensor> divisors) {
    String type = file.text(label + ".rope.scaling.type", "none");
    if (divisors.isPresent()) {
      WeightTensor tensor = divisors.get();
      if (!type.equals("none") || tensor.rows() != 1 || tensor.columns() != dimensions / 2) {
        throw file.file().broken("'" + ROPE_DIVISORS + "' has no place beside scaling " + type);
      }
      float[] row = new float[tensor.columns()];
      tensor.row(0, row);
      List<Double> values = new ArrayList<>();
      for (float value : row) {
        if (!(value > 0 && Float.isFinite(value))) {
          throw file.file().broken("'" + ROPE_DIVISORS + "' holds " + value);
        }
        values.add((double) value);
      }
      return new Rope.Scaling.Divisors(List.copyOf(values));
    }
    return switch (type) {
      case "none" -> new Rope.Scaling.None();
      case "linear" -> new Rope.Scaling.Linear(file.real(label + ".rope.scaling.factor", null));
      default ->
          throw new ModelFileException(
              file.file().path()
                  + " stretches its context by '"
                  + type
                  + "'; none, linear and Llama 3's divisors can be exported");
    };
  }

  private static int size(GgufFile file, String key, int most) {
    return (int) file.whole(key, 1, most, null);
  }

  private static int vocabulary(GgufFile file) {
    WeightTensor embeddings = file.tensors().get("token_embd.weight");
    if (embeddings == null || embeddings.rows() > Integer.MAX_VALUE) {
      throw file.file().broken("it has no token_embd.weight that could be used");
    }
    return (int) embeddings.rows();
  }

  @Override
  public String format() {
    return "gguf";
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public Map<String, WeightTensor> tensors() {
    return tensors;
  }

  @Override
  public Optional<GgufFile> vocabulary() {
    return Optional.of(file);
  }

  @Override
  public String hash(LongConsumer progress) {
    return BlockHashes.of(file.file(), progress).root();
  }

  @Override
  public long bytes() {
    return file.file().size();
  }

  @Override
  public void close() {
    file.close();
  }
}
