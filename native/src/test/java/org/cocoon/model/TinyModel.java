package org.cocoon.model;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/**
 * A random model of a few thousand weights, written as GGUF and as safetensors: the same function
 * in both, though Llama's query and key rows lie in another order and Gemma's norms are off by one.
 */
final class TinyModel {
  static final int VOCABULARY = 96;
  static final int HIDDEN = 32;
  static final int HEADS = 4;
  static final int KEY_HEADS = 2;
  static final int HEAD = 16;
  static final int FEED = 64;
  static final int LAYERS = 3;
  static final int CONTEXT = 64;
  static final int WINDOW = 4;

  private final boolean gemma;
  private final Random random;
  private final Map<String, float[]> weights = new LinkedHashMap<>();
  private final Map<String, List<Long>> shapes = new LinkedHashMap<>();

  TinyModel(Architecture architecture, long seed) {
    gemma = architecture == Architecture.GEMMA3;
    random = new Random(seed);
    add("model.embed_tokens", VOCABULARY, HIDDEN);
    for (int layer = 0; layer < LAYERS; layer++) {
      String at = "model.layers." + layer + ".";
      norm(at + "input_layernorm", HIDDEN);
      add(at + "self_attn.q_proj", HEADS * HEAD, HIDDEN);
      add(at + "self_attn.k_proj", KEY_HEADS * HEAD, HIDDEN);
      add(at + "self_attn.v_proj", KEY_HEADS * HEAD, HIDDEN);
      add(at + "self_attn.o_proj", HIDDEN, HEADS * HEAD);
      norm(at + "post_attention_layernorm", HIDDEN);
      if (gemma) {
        norm(at + "self_attn.q_norm", HEAD);
        norm(at + "self_attn.k_norm", HEAD);
        norm(at + "pre_feedforward_layernorm", HIDDEN);
        norm(at + "post_feedforward_layernorm", HIDDEN);
      }
      add(at + "mlp.gate_proj", FEED, HIDDEN);
      add(at + "mlp.up_proj", FEED, HIDDEN);
      add(at + "mlp.down_proj", HIDDEN, FEED);
    }
    norm("model.norm", HIDDEN);
  }

  private void add(String name, long... shape) {
    long count = 1;
    for (long size : shape) {
      count *= size;
    }
    float[] values = new float[(int) count];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() / Math.sqrt(HIDDEN));
    }
    weights.put(name, values);
    shapes.put(name, Arrays.stream(shape).boxed().toList());
  }

  private float[] values(String name) {
    return Objects.requireNonNull(weights.get(name), name);
  }

  private List<Long> shape(String name) {
    return Objects.requireNonNull(shapes.get(name), name);
  }

  private void norm(String name, int size) {
    add(name, size);
    float[] values = values(name);
    for (int i = 0; i < size && !gemma; i++) {
      values[i] += 1;
    }
  }

  /** Writes a folder with config.json and one or more safetensors files. */
  void writeSafetensors(Path folder, int shards) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("config.json"), config());
    StringBuilder map = new StringBuilder();
    List<String> names = List.copyOf(weights.keySet());
    for (int shard = 0; shard < shards; shard++) {
      String file = shards == 1 ? "model.safetensors" : "model-" + shard + ".safetensors";
      StringBuilder header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
      ByteArrayOutputStream data = new ByteArrayOutputStream();
      for (int i = shard; i < names.size(); i += shards) {
        String name = names.get(i);
        int begin = data.size();
        data.writeBytes(bytes(values(name)));
        header.append(
            ",\"%s.weight\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                .formatted(name, shape(name), begin, data.size()));
        map.append(map.isEmpty() ? "" : ",");
        map.append("\"%s.weight\":\"%s\"".formatted(name, file));
      }
      byte[] json = header.append('}').toString().getBytes(UTF_8);
      ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      ByteArrayOutputStream whole = new ByteArrayOutputStream();
      whole.writeBytes(length.putLong(json.length).array());
      whole.writeBytes(json);
      whole.writeBytes(data.toByteArray());
      Files.write(folder.resolve(file), whole.toByteArray());
    }
    if (shards > 1) {
      Files.writeString(
          folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{" + map + "}}");
    }
  }

  private static byte[] bytes(float[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes.array();
  }

  private String config() {
    String common =
        """
        "hidden_size": %d, "num_attention_heads": %d, "num_key_value_heads": %d, "head_dim": %d,
        "intermediate_size": %d, "num_hidden_layers": %d, "vocab_size": %d,
        "max_position_embeddings": %d, "rms_norm_eps": 1e-5, "tie_word_embeddings": true\
        """
            .formatted(HIDDEN, HEADS, KEY_HEADS, HEAD, FEED, LAYERS, VOCABULARY, CONTEXT);
    String own =
        gemma
            ? "\"model_type\": \"gemma3_text\", \"rope_theta\": 1000000.0, \"sliding_window\": "
                + WINDOW
                + ", \"query_pre_attn_scalar\": "
                + HEAD
            : "\"model_type\": \"llama\", \"rope_theta\": 10000.0";
    return "{" + own + ", " + common + "}";
  }

  /** The same model as GGUF, with a vocabulary of letters. */
  GgufWriter gguf() {
    String arch = gemma ? "gemma3" : "llama";
    GgufWriter writer =
        new GgufWriter()
            .text("general.architecture", arch)
            .text("general.name", "Tiny " + arch)
            .whole(arch + ".block_count", LAYERS)
            .whole(arch + ".context_length", CONTEXT)
            .whole(arch + ".embedding_length", HIDDEN)
            .whole(arch + ".feed_forward_length", FEED)
            .whole(arch + ".attention.head_count", HEADS)
            .whole(arch + ".attention.head_count_kv", KEY_HEADS)
            .whole(arch + ".attention.key_length", HEAD)
            .whole(arch + ".attention.value_length", HEAD)
            .real(arch + ".attention.layer_norm_rms_epsilon", 1e-5f)
            .real(arch + ".rope.freq_base", gemma ? 1e6f : 1e4f)
            .texts("tokenizer.ggml.tokens", "a", "b", "c");
    if (gemma) {
      writer.whole(arch + ".attention.sliding_window", WINDOW);
    }
    weights.forEach((name, values) -> writer.floats(ggufName(name), shape(name), gguf(name)));
    return writer;
  }

  private String ggufName(String name) {
    String plain =
        name.replace("model.embed_tokens", "token_embd")
            .replace("model.norm", "output_norm")
            .replace("model.layers.", "blk.")
            .replace("self_attn.q_norm", "attn_q_norm")
            .replace("self_attn.k_norm", "attn_k_norm")
            .replace("self_attn.q_proj", "attn_q")
            .replace("self_attn.k_proj", "attn_k")
            .replace("self_attn.v_proj", "attn_v")
            .replace("self_attn.o_proj", "attn_output")
            .replace("post_attention_layernorm", gemma ? "post_attention_norm" : "ffn_norm")
            .replace("pre_feedforward_layernorm", "ffn_norm")
            .replace("post_feedforward_layernorm", "post_ffw_norm")
            .replace("input_layernorm", "attn_norm")
            .replace("mlp.gate_proj", "ffn_gate")
            .replace("mlp.up_proj", "ffn_up")
            .replace("mlp.down_proj", "ffn_down");
    return plain + ".weight";
  }

  private float[] gguf(String name) {
    float[] values = values(name).clone();
    if (gemma && name.contains("norm")) {
      for (int i = 0; i < values.length; i++) {
        values[i] += 1;
      }
    }
    boolean turned = name.endsWith("q_proj") || name.endsWith("k_proj");
    return !gemma && turned ? permuted(values) : values;
  }

  /** Rows of a head: the halves' partners become neighbours, as llama.cpp's converter has it. */
  private static float[] permuted(float[] rows) {
    float[] result = new float[rows.length];
    int count = rows.length / HIDDEN;
    for (int row = 0; row < count; row++) {
      int head = row / HEAD;
      int within = row % HEAD;
      int source = head * HEAD + within % 2 * (HEAD / 2) + within / 2;
      System.arraycopy(rows, source * HIDDEN, result, row * HIDDEN, HIDDEN);
    }
    return result;
  }
}
