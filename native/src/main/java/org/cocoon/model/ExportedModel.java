package org.cocoon.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * A folder that {@link GraphExporter} wrote, as its model.json tells of it; docs/GRAPH.md has the
 * meaning of each field.
 *
 * @param folder where it lies
 * @param name the model's name
 * @param revision the part of its identity before the hash
 * @param hash of what was exported
 * @param layers how many
 * @param keyValueHeads heads of a cache
 * @param headDimension width of a cache's row
 * @param vocabulary tokens
 * @param context tokens that a sequence can have
 * @param positions most that a cache may hold, padding included
 * @param compute "float32", "float16" or "bfloat16"
 * @param candidates that the graph picks out, or 0
 * @param graphHash of model.onnx
 * @param dataHash of model.data
 * @param hasVocabulary whether there is a vocabulary
 */
public record ExportedModel(
    Path folder,
    String name,
    String revision,
    String hash,
    int layers,
    int keyValueHeads,
    int headDimension,
    int vocabulary,
    int context,
    int positions,
    String compute,
    int candidates,
    String graphHash,
    String dataHash,
    boolean hasVocabulary) {

  static final String GRAPH = "model.onnx";
  static final String DATA = "model.data";
  static final String DESCRIPTION = "model.json";
  static final String VOCABULARY = "vocabulary.gguf";

  private static final long MAX_DESCRIPTION_BYTES = 1 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Reads model.json and looks for the other files; does not hash them.
   *
   * @throws ModelFileException if the folder holds no export that this program can read
   */
  public static ExportedModel open(Path folder) {
    Path file = folder.resolve(DESCRIPTION);
    JsonNode json = parse(file);
    if (!json.path("format").asText().equals(GraphDescription.FORMAT)) {
      throw new ModelFileException(
          file + " is not of the format " + GraphDescription.FORMAT + "; export the model again");
    }
    ExportedModel model =
        new ExportedModel(
            folder,
            text(file, json, "name"),
            text(file, json, "revision"),
            text(file, json, "hash"),
            whole(file, json, "layers", 1, ModelConfig.MAX_LAYERS),
            whole(file, json, "keyValueHeads", 1, ModelConfig.MAX_WIDTH),
            whole(file, json, "headDimension", 2, ModelConfig.MAX_WIDTH),
            whole(file, json, "vocabulary", 1, Integer.MAX_VALUE),
            whole(file, json, "context", 1, ModelConfig.MAX_CONTEXT),
            whole(file, json, "positions", 1, 2 * ModelConfig.MAX_CONTEXT),
            text(file, json, "compute"),
            whole(file, json, "candidates", 0, Integer.MAX_VALUE),
            text(file, json.path("graph"), "hash"),
            text(file, json.path("data"), "hash"),
            json.path("tokenizer").isTextual());
    for (Path part : new Path[] {model.graph(), model.data()}) {
      if (!Files.isRegularFile(part)) {
        throw new ModelFileException(part + " is missing; export the model again");
      }
    }
    return model;
  }

  private static JsonNode parse(Path file) {
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > MAX_DESCRIPTION_BYTES) {
        throw new ModelFileException(
            file.getParent()
                + " holds no exported model: it has no "
                + DESCRIPTION
                + "; make one with ./cocoon model export");
      }
      return JSON.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw new ModelFileException(file + " is not JSON; export the model again", e);
    } catch (IOException e) {
      throw new ModelFileException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  private static String text(Path file, JsonNode json, String field) {
    if (!json.path(field).isTextual()) {
      throw new ModelFileException(file + " has no text '" + field + "'; export the model again");
    }
    return json.path(field).asText();
  }

  private static int whole(Path file, JsonNode json, String field, int least, int most) {
    JsonNode value = json.path(field);
    if (!value.canConvertToInt() || value.intValue() < least || value.intValue() > most) {
      throw new ModelFileException(
          file
              + " has no '"
              + field
              + "' from "
              + least
              + " to "
              + most
              + "; export the model again");
    }
    return value.intValue();
  }

  /** The graph. */
  public Path graph() {
    return folder.resolve(GRAPH);
  }

  /** The weights. */
  public Path data() {
    return folder.resolve(DATA);
  }

  /** A GGUF file without tensors, where there is a vocabulary. */
  public Optional<Path> vocabularyFile() {
    return hasVocabulary ? Optional.of(folder.resolve(VOCABULARY)) : Optional.empty();
  }

  /**
   * Hashes graph and weights and compares them with model.json.
   *
   * @param progress told how many bytes of the weights are done, from any thread
   * @throws ModelFileException if either is not what was written
   */
  public void verify(LongConsumer progress) {
    check(graph(), graphHash, done -> {});
    check(data(), dataHash, progress);
  }

  private static void check(Path file, String expected, LongConsumer progress) {
    String found = BlockHashes.of(file, progress).root();
    if (!found.equals(expected)) {
      throw new ModelFileException(
          file
              + " has the hash "
              + found
              + ", not "
              + expected
              + " as its model.json says; export the model again");
    }
  }
}
