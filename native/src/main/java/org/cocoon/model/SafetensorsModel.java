package org.cocoon.model;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model as Hugging Face keeps it: a folder with config.json and one or many safetensors files.
 */
final class SafetensorsModel implements ModelSource {
  private static final String CONFIG = "config.json";
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final long MAX_CONFIG_BYTES = 1 << 20;
  private static final long MAX_INDEX_BYTES = 1 << 26;
  private static final int MAX_SHARDS = 1024;
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Pattern LAYER =
      Pattern.compile("(?:language_model\\.)?model\\.layers\\.(\\d{1,4})\\.(.+)\\.weight");

  private static final Map<String, String> OUTER =
      Map.of(
          "model.embed_tokens.weight", "token_embd.weight",
          "model.norm.weight", "output_norm.weight",
          "lm_head.weight", "output.weight");

  private static final Map<String, String> INNER =
      Map.of(
          "self_attn.q_proj", "attn_q",
          "self_attn.k_proj", "attn_k",
          "self_attn.v_proj", "attn_v",
          "self_attn.o_proj", "attn_output",
          "self_attn.q_norm", "attn_q_norm",
          "self_attn.k_norm", "attn_k_norm",
          "mlp.gate_proj", "ffn_gate",
          "mlp.up_proj", "ffn_up",
          "mlp.down_proj", "ffn_down",
          "input_layernorm", "attn_norm");

  private final Path folder;
  private final ModelConfig config;
  private final List<SafetensorsFile> files;
  private final Map<String, WeightTensor> tensors;

  private SafetensorsModel(
      Path folder,
      ModelConfig config,
      List<SafetensorsFile> files,
      Map<String, WeightTensor> tensors) {
    this.folder = folder;
    this.config = config;
    this.files = files;
    this.tensors = tensors;
  }

  static SafetensorsModel open(Path folder) {
    JsonNode json = read(folder.resolve(CONFIG), MAX_CONFIG_BYTES);
    ModelConfig config = HuggingFaceConfig.of(folder, json);
    List<SafetensorsFile> files = new ArrayList<>();
    try {
      Map<String, WeightTensor> tensors = new LinkedHashMap<>();
      for (Path shard : shards(folder)) {
        SafetensorsFile file = SafetensorsFile.open(shard);
        files.add(file);
        for (WeightTensor tensor : file.tensors().values()) {
          String name = rename(tensor.name(), config.architecture());
          WeightTensor renamed =
              new WeightTensor(name, tensor.type(), tensor.shape(), tensor.bytes());
          if (tensors.put(name, renamed) != null) {
            throw file.file().broken("tensor '" + tensor.name() + "' is in two files");
          }
        }
      }
      dropTiedHead(json, tensors);
      return new SafetensorsModel(folder, config, files, tensors);
    } catch (RuntimeException e) {
      files.forEach(SafetensorsFile::close);
      throw e;
    }
  }

  /** Some files store tied weights twice. */
  private static void dropTiedHead(JsonNode json, Map<String, WeightTensor> tensors) {
    if (json.path("tie_word_embeddings").asBoolean(false)) {
      tensors.remove("output.weight");
    }
  }

  private static List<Path> shards(Path folder) {
    Path index = folder.resolve(INDEX);
    if (!Files.isRegularFile(index)) {
      return List.of(folder.resolve(SINGLE));
    }
    TreeSet<String> names = new TreeSet<>();
    for (JsonNode shard : read(index, MAX_INDEX_BYTES).path("weight_map")) {
      String name = shard.asText();
      if (!name.matches("[A-Za-z0-9._-]+\\.safetensors") || names.size() > MAX_SHARDS) {
        throw new ModelFileException(
            index
                + " names the file '"
                + name
                + "', which cannot be one of this folder, or more"
                + " than "
                + MAX_SHARDS
                + " files; fetch the model again");
      }
      names.add(name);
    }
    if (names.isEmpty()) {
      throw new ModelFileException(index + " has no 'weight_map'; fetch the model again");
    }
    return names.stream().map(folder::resolve).toList();
  }

  private static JsonNode read(Path file, long mostBytes) {
    try {
      if (!Files.isRegularFile(file)) {
        throw new ModelFileException(
            "there is no "
                + file
                + "; a safetensors model is a folder with config.json and"
                + " model.safetensors");
      }
      if (Files.size(file) > mostBytes) {
        throw new ModelFileException(
            file + " has more than " + mostBytes + " bytes, which cannot be right");
      }
      return JSON.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw new ModelFileException(file + " is not JSON; fetch it again", e);
    } catch (IOException e) {
      throw new ModelFileException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /** GGUF's name of a tensor; its own where there is none, which an export then refuses. */
  private static String rename(String name, Architecture architecture) {
    String plain = name.startsWith("language_model.") ? name.substring(15) : name;
    String outer = OUTER.get(plain);
    if (outer != null) {
      return outer;
    }
    Matcher layer = LAYER.matcher(name);
    if (!layer.matches()) {
      return name;
    }
    String part = INNER.get(layer.group(2));
    if (part == null) {
      part = normName(layer.group(2), architecture);
    }
    return part.isEmpty()
        ? name
        : "blk." + Integer.parseInt(layer.group(1)) + "." + part + ".weight";
  }

  /** What Llama calls the norm after attention is in front of the feed-forward layer. */
  private static String normName(String part, Architecture architecture) {
    boolean gemma = architecture == Architecture.GEMMA3;
    return switch (part) {
      case "post_attention_layernorm" -> gemma ? "post_attention_norm" : "ffn_norm";
      case "pre_feedforward_layernorm" -> "ffn_norm";
      case "post_feedforward_layernorm" -> "post_ffw_norm";
      default -> "";
    };
  }

  @Override
  public String format() {
    return "safetensors";
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
    return Optional.empty();
  }

  /** The hash of a text with a line "HASH NAME" for each file and its config, by name. */
  @Override
  public String hash(LongConsumer progress) {
    Map<String, String> lines = new TreeMap<>();
    lines.put(
        CONFIG, BlockHashes.of(folder.resolve(CONFIG), now -> {}).root() + " " + CONFIG + "\n");
    long done = 0;
    for (SafetensorsFile file : files) {
      long before = done;
      String hash = BlockHashes.of(file.file(), now -> progress.accept(before + now)).root();
      String name = file.file().path().getFileName().toString();
      lines.put(name, hash + " " + name + "\n");
      done += file.file().size();
    }
    byte[] text = String.join("", lines.values()).getBytes(UTF_8);
    ModelHash hash = new ModelHash();
    hash.update(text, 0, text.length);
    return hash.finish().root();
  }

  @Override
  public long bytes() {
    return files.stream().mapToLong(file -> file.file().size()).sum();
  }

  @Override
  public void close() {
    files.forEach(SafetensorsFile::close);
  }
}
