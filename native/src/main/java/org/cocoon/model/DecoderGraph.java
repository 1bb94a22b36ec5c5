package org.cocoon.model;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.cocoon.model.OnnxGraph.Attribute;
import org.cocoon.model.OnnxGraph.Dimension;

/**
 * Draws a decoder-only transformer as the ONNX graph of docs/GRAPH.md.
 *
 * <p>A layer of Llama adds {@code attention(norm(x))} and then {@code feedForward(norm(x))} to the
 * residual stream x. Gemma 3 norms queries and keys by head as well, norms what a branch adds,
 * gates with GELU instead of SiLU, scales its embeddings, and looks back through a window in most
 * layers.
 */
final class DecoderGraph {
  /** How far tables go beyond the context, for the padding of a prefill's last chunk. */
  static final int SPARE_POSITIONS = 512;

  private static final Dimension BATCH = new Dimension.Dynamic("batch");
  private static final Dimension TOKENS = new Dimension.Dynamic("tokens");
  private static final Dimension ROWS = new Dimension.Dynamic("rows");
  private static final Dimension CAPACITY = new Dimension.Dynamic("capacity");

  private final ModelConfig config;
  private final OnnxGraph graph;
  private final GraphWeights weights;
  private final OnnxType compute;
  private final int candidates;
  private final int positions;

  /** Tables of the rotary embedding. */
  private record Turn(String cosines, String sines) {}

  DecoderGraph(
      ModelConfig config,
      OnnxGraph graph,
      GraphWeights weights,
      ExportOptions options,
      int positions) {
    this.config = config;
    this.graph = graph;
    this.weights = weights;
    compute = options.compute();
    candidates = Math.min(options.candidates(), config.vocabulary());
    this.positions = positions;
  }

  /** Draws all of it and moves every weight. */
  void draw() {
    inputs();
    constants();
    drawPositions();
    drawMasks();
    Turn global = turn(false);
    Turn local = config.slidingPattern() > 0 ? turn(true) : global;
    String stream = embed();
    for (int layer = 0; layer < config.layers(); layer++) {
      stream = attend(layer, stream, config.isLocal(layer) ? local : global);
      stream = feedForward(layer, stream);
    }
    drawLogits(stream);
    for (int layer = 0; layer < config.layers(); layer++) {
      graph.output("present_k_" + layer, compute, cacheShape());
      graph.output("present_v_" + layer, compute, cacheShape());
    }
  }

  private void inputs() {
    graph.input("token_ids", OnnxType.INT64, BATCH, TOKENS);
    graph.input("write_indices", OnnxType.INT64, BATCH);
    graph.input("rows", OnnxType.INT64, ROWS);
    for (int layer = 0; layer < config.layers(); layer++) {
      graph.input("cache_k_" + layer, compute, cacheShape());
      graph.input("cache_v_" + layer, compute, cacheShape());
    }
  }

  private Dimension[] cacheShape() {
    return new Dimension[] {
      BATCH,
      new Dimension.Fixed(config.keyValueHeads()),
      CAPACITY,
      new Dimension.Fixed(config.headDimension())
    };
  }

  private void constants() {
    graph.scalar("zero", 0L);
    graph.scalar("one", 1L);
    graph.list("axis_0", 0);
    graph.list("axis_1", 1);
    graph.list("axes_1_3", 1, 3);
    graph.list("query_shape", 0, 0, config.heads(), config.headDimension());
    graph.list("key_shape", 0, 0, config.keyValueHeads(), config.headDimension());
    graph.list("joined_shape", 0, 0, (long) config.heads() * config.headDimension());
    graph.list("flat_shape", -1, config.hidden());
  }

  private String node(String operator, String output, String... inputs) {
    return graph.node(operator, output, List.of(inputs));
  }

  /** A vector 0, 1, ... as long as a dimension of a value. */
  private String range(String name, String value, int dimension) {
    graph.node(
        "Shape",
        name + ".sizes",
        List.of(value),
        new Attribute.Whole("start", dimension),
        new Attribute.Whole("end", dimension + 1L));
    node("Squeeze", name + ".size", name + ".sizes", "axis_0");
    return node("Range", name, "zero", name + ".size", "one");
  }

  private void drawPositions() {
    range("steps", "token_ids", 1);
    node("Unsqueeze", "starts", "write_indices", "axis_1");
    node("Add", "positions", "starts", "steps");
  }

  /** Masks [batch, 1, tokens, capacity]: true where a token may look. */
  private void drawMasks() {
    range("keys", "cache_k_0", 2);
    node("Unsqueeze", "queries", "positions", "axes_1_3");
    node("LessOrEqual", "mask", "keys", "queries");
    if (config.slidingPattern() > 0) {
      graph.scalar("window", (long) config.slidingWindow());
      node("Sub", "horizon", "queries", "window");
      node("Greater", "in_window", "keys", "horizon");
      node("And", "local_mask", "mask", "in_window");
    }
  }

  private Turn turn(boolean local) {
    String prefix = local ? "local_" : "";
    double[] frequencies = config.rope().frequencies(local);
    List<Long> shape = List.of((long) positions, (long) frequencies.length);
    return new Turn(
        weights.table(prefix + "cosines", compute, shape, () -> angles(frequencies, false)),
        weights.table(prefix + "sines", compute, shape, () -> angles(frequencies, true)));
  }

  private Iterator<float[]> angles(double[] frequencies, boolean sine) {
    return IntStream.range(0, positions)
        .mapToObj(
            position -> {
              float[] row = new float[frequencies.length];
              for (int i = 0; i < row.length; i++) {
                double angle = position * frequencies[i];
                row[i] = (float) (sine ? Math.sin(angle) : Math.cos(angle));
              }
              return row;
            })
        .iterator();
  }

  private String embed() {
    weights.embeddings("token_embd.weight", config.vocabulary(), config.hidden());
    node("Gather", "embedded", "token_embd.weight", "token_ids");
    String stream = cast("embedded.stream", "embedded", OnnxType.FLOAT32);
    if (config.embeddingScale() != 1) {
      graph.scalar("embedding_scale", (float) config.embeddingScale());
      stream = node("Mul", "embedded.scaled", stream, "embedding_scale");
    }
    return stream;
  }

  private String cast(String output, String input, OnnxType type) {
    return graph.node("Cast", output, List.of(input), new Attribute.Whole("to", type.code()));
  }

  /** An RMS norm over the last dimension, in single precision. */
  private String norm(String output, String input, String weight, int size) {
    return graph.node(
        "RMSNormalization",
        output,
        List.of(input, weights.norm(weight, size)),
        new Attribute.Whole("axis", -1),
        new Attribute.Real("epsilon", (float) config.normEpsilon()));
  }

  private String attend(int layer, String stream, Turn turn) {
    String at = "layers." + layer + ".";
    String from = "blk." + layer + ".";
    String normed = norm(at + "attention_norm", stream, from + "attn_norm.weight", config.hidden());
    String input = cast(at + "attention_in", normed, compute);
    String queries = turned(turn, heads(at + "q", input, from + "attn_q", config.heads()));
    String keys = turned(turn, heads(at + "k", input, from + "attn_k", config.keyValueHeads()));
    String values = heads(at + "v", input, from + "attn_v", config.keyValueHeads());
    String mask = config.isLocal(layer) ? "local_mask" : "mask";
    graph.node(
        "Attention",
        at + "attention",
        List.of(queries, cached("k_" + layer, keys), cached("v_" + layer, values), mask),
        new Attribute.Real("scale", (float) config.attentionScale()));
    String joined =
        node("Reshape", at + "joined", swap(at + "attended", at + "attention"), "joined_shape");
    int width = config.heads() * config.headDimension();
    String output = weights.matrix(from + "attn_output.weight", config.hidden(), width);
    node("MatMul", at + "attention_out", joined, output);
    return added(at + "attention_out", stream, from + "post_attention_norm.weight");
  }

  /** A projection as [batch, heads, tokens, dimension], normed by head where the model does. */
  private String heads(String name, String input, String weight, int heads) {
    String matrix =
        weights.matrix(weight + ".weight", heads * config.headDimension(), config.hidden());
    node("MatMul", name + ".flat", input, matrix);
    String shape = heads == config.heads() ? "query_shape" : "key_shape";
    String split = node("Reshape", name + ".split", name + ".flat", shape);
    if (weights.has(weight + "_norm.weight")) {
      String stream = cast(name + ".wide", split, OnnxType.FLOAT32);
      String normed =
          norm(name + ".normed", stream, weight + "_norm.weight", config.headDimension());
      split = cast(name + ".narrow", normed, compute);
    }
    return swap(name, split);
  }

  /** Swaps tokens and heads. */
  private String swap(String output, String input) {
    return graph.node(
        "Transpose", output, List.of(input), new Attribute.Wholes("perm", List.of(0L, 2L, 1L, 3L)));
  }

  private String turned(Turn turn, String heads) {
    List<Attribute> attributes = new ArrayList<>();
    attributes.add(new Attribute.Whole("interleaved", config.rope().interleaved() ? 1 : 0));
    if (config.rope().dimensions() < config.headDimension()) {
      attributes.add(new Attribute.Whole("rotary_embedding_dim", config.rope().dimensions()));
    }
    return graph.node(
        "RotaryEmbedding",
        heads + ".turned",
        List.of(heads, turn.cosines(), turn.sines(), "positions"),
        attributes.toArray(Attribute[]::new));
  }

  private String cached(String name, String update) {
    return graph.node(
        "TensorScatter",
        "present_" + name,
        List.of("cache_" + name, update, "write_indices"),
        new Attribute.Text("mode", "linear"),
        new Attribute.Whole("axis", 2));
  }

  /** The residual stream with what a branch adds, normed first where the model does. */
  private String added(String branch, String stream, String postNorm) {
    String addition = cast(branch + ".wide", branch, OnnxType.FLOAT32);
    if (weights.has(postNorm)) {
      addition = norm(branch + ".normed", addition, postNorm, config.hidden());
    }
    return node("Add", branch + ".sum", stream, addition);
  }

  private String feedForward(int layer, String stream) {
    String at = "layers." + layer + ".";
    String from = "blk." + layer + ".";
    int width = config.feedForward();
    String normed = norm(at + "feed_norm", stream, from + "ffn_norm.weight", config.hidden());
    String input = cast(at + "feed_in", normed, compute);
    String gate =
        node(
            "MatMul",
            at + "gate",
            input,
            weights.matrix(from + "ffn_gate.weight", width, config.hidden()));
    String up =
        node(
            "MatMul",
            at + "up",
            input,
            weights.matrix(from + "ffn_up.weight", width, config.hidden()));
    String gated = node("Mul", at + "gated", activated(at, gate), up);
    String down = weights.matrix(from + "ffn_down.weight", config.hidden(), width);
    node("MatMul", at + "feed_out", gated, down);
    return added(at + "feed_out", stream, from + "post_ffw_norm.weight");
  }

  private String activated(String at, String gate) {
    return switch (config.architecture()) {
      case LLAMA -> node("Mul", at + "active", gate, node("Sigmoid", at + "sigmoid", gate));
      case GEMMA3 ->
          graph.node(
              "Gelu", at + "active", List.of(gate), new Attribute.Text("approximate", "tanh"));
    };
  }

  private void drawLogits(String stream) {
    node("Reshape", "flat", stream, "flat_shape");
    node("Gather", "wanted", "flat", "rows");
    String normed = norm("output_norm", "wanted", "output_norm.weight", config.hidden());
    String head =
        weights.has("output.weight")
            ? weights.matrix("output.weight", config.vocabulary(), config.hidden())
            : weights.transposed("token_embd.weight");
    node("MatMul", "scores", cast("output_in", normed, compute), head);
    cast("logits", "scores", OnnxType.FLOAT32);
    graph.output("logits", OnnxType.FLOAT32, ROWS, new Dimension.Fixed(config.vocabulary()));
    if (candidates > 0) {
      drawCandidates();
    }
  }

  private void drawCandidates() {
    graph.list("candidate_count", candidates);
    graph.node(
        "TopK",
        List.of("candidate_logits", "candidate_ids.wide"),
        List.of("logits", "candidate_count"));
    cast("candidate_ids", "candidate_ids.wide", OnnxType.INT32);
    graph.node(
        "ReduceLogSumExp",
        "log_sum_exp",
        List.of("logits", "axis_1"),
        new Attribute.Whole("keepdims", 0));
    Dimension count = new Dimension.Fixed(candidates);
    graph.output("candidate_ids", OnnxType.INT32, ROWS, count);
    graph.output("candidate_logits", OnnxType.FLOAT32, ROWS, count);
    graph.output("log_sum_exp", OnnxType.FLOAT32, ROWS);
  }
}
