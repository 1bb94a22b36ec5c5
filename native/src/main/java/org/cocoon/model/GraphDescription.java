package org.cocoon.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.stream.IntStream;

/** Writes model.json of docs/GRAPH.md. */
final class GraphDescription {
  static final String FORMAT = "cocoon-graph-1";

  private static final ObjectMapper JSON = new ObjectMapper();

  private GraphDescription() {}

  static String of(
      ModelConfig config,
      ExportOptions options,
      String hash,
      int context,
      int positions,
      BlockHashes graph,
      BlockHashes data,
      boolean tokenizer) {
    ObjectNode json = JSON.createObjectNode();
    json.put("format", FORMAT);
    json.put("name", options.name().isEmpty() ? config.name() : options.name());
    json.put("revision", options.revision());
    json.put("hash", hash);
    json.put("architecture", config.architecture().label());
    json.put("layers", config.layers());
    json.put("hidden", config.hidden());
    json.put("heads", config.heads());
    json.put("keyValueHeads", config.keyValueHeads());
    json.put("headDimension", config.headDimension());
    json.put("feedForward", config.feedForward());
    json.put("vocabulary", config.vocabulary());
    json.put("context", context);
    json.put("positions", positions);
    json.put("compute", options.compute().label());
    json.put("weights", options.int4() ? "int4" : options.compute().label());
    json.put("candidates", Math.min(options.candidates(), config.vocabulary()));
    json.put("normEpsilon", config.normEpsilon());
    json.put("attentionScale", config.attentionScale());
    json.set("rope", rope(config));
    json.put("slidingWindow", config.slidingWindow());
    ArrayNode local = json.putArray("slidingLayers");
    IntStream.range(0, config.layers()).filter(config::isLocal).forEach(local::add);
    json.set("graph", file(graph));
    json.set("data", file(data));
    json.put("tokenizer", tokenizer ? ExportedModel.VOCABULARY : null);
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree can always be written", e);
    }
  }

  private static ObjectNode rope(ModelConfig config) {
    ObjectNode rope = JSON.createObjectNode();
    rope.put("base", config.rope().base());
    if (config.slidingPattern() > 0) {
      rope.put("localBase", config.rope().localBase());
    }
    rope.put("dimensions", config.rope().dimensions());
    rope.put("interleaved", config.rope().interleaved());
    rope.put("scaling", config.rope().scaling().label());
    return rope;
  }

  private static ObjectNode file(BlockHashes hashes) {
    return JSON.createObjectNode().put("bytes", hashes.length()).put("hash", hashes.root());
  }
}
