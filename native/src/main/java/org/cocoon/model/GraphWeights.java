package org.cocoon.model;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * Moves a model's tensors into the data file of a graph, row by row: at no time is more than a row
 * in memory.
 */
final class GraphWeights {
  /** Elements of an INT4 block. */
  private static final int BLOCK = 32;

  private final ModelSource source;
  private final OnnxGraph graph;
  private final DataFile data;
  private final String dataName;
  private final ExportOptions options;
  private final LongConsumer progress;
  private final Set<String> used = new HashSet<>();
  private long movedBytes;

  GraphWeights(
      ModelSource source,
      OnnxGraph graph,
      DataFile data,
      String dataName,
      ExportOptions options,
      LongConsumer progress) {
    this.source = source;
    this.graph = graph;
    this.data = data;
    this.dataName = dataName;
    this.options = options;
    this.progress = progress;
  }

  /** Whether the model has a tensor. */
  boolean has(String name) {
    return source.tensors().containsKey(name);
  }

  /** A norm's weights, float32 [size]. */
  String norm(String name, int size) {
    WeightTensor tensor = take(name, List.of((long) size));
    float[] row = new float[size];
    tensor.row(0, row);
    for (int i = 0; i < size; i++) {
      row[i] += (float) source.config().normOffset();
    }
    return table(name, OnnxType.FLOAT32, List.of((long) size), List.of(row));
  }

  /** Embeddings, [rows, columns] of the compute type. */
  String embeddings(String name, int rows, int columns) {
    return plain(take(name, List.of((long) rows, (long) columns)));
  }

  /** A matrix of the compute type, turned to [columns, rows] for a product from the left. */
  String matrix(String name, int rows, int columns) {
    WeightTensor tensor = take(name, List.of((long) rows, (long) columns));
    return transposed(options.int4() && columns % BLOCK == 0 ? int4(tensor) : plain(tensor));
  }

  /** A matrix that is in the graph already, turned. */
  String transposed(String name) {
    return graph.node(
        "Transpose",
        name + ".t",
        List.of(name),
        new OnnxGraph.Attribute.Wholes("perm", List.of(1L, 0L)));
  }

  /** A table that is computed: rows of the same length. */
  String table(String name, OnnxType type, List<Long> shape, Iterable<float[]> rows) {
    long offset = data.align();
    long count = 0;
    for (float[] row : rows) {
      data.put(type, row, row.length);
      count += row.length;
    }
    return graph.external(name, type, shape, dataName, offset, type.bytes(count));
  }

  private String plain(WeightTensor tensor) {
    long offset = data.align();
    float[] row = new float[tensor.columns()];
    for (long i = 0; i < tensor.rows(); i++) {
      tensor.row(i, row);
      checkRange(tensor, row);
      data.put(options.compute(), row, row.length);
    }
    moved(tensor);
    return graph.external(
        tensor.name(),
        options.compute(),
        tensor.shape(),
        dataName,
        offset,
        options.compute().bytes(tensor.rows() * tensor.columns()));
  }

  private void checkRange(WeightTensor tensor, float[] row) {
    float largest = 0;
    boolean bad = false;
    for (float value : row) {
      bad |= Float.isNaN(value);
      largest = Math.max(largest, Math.abs(value));
    }
    if (bad || largest == Float.POSITIVE_INFINITY) {
      throw new ModelFileException(
          "tensor '" + tensor.name() + "' holds what is not a number; fetch the model again");
    }
    if (options.compute() == OnnxType.FLOAT16 && largest > 65_504) {
      throw new ModelFileException(
          "tensor '"
              + tensor.name()
              + "' holds "
              + largest
              + ", which float16 cannot hold; export it as bf16 or f32");
    }
  }

  /** Quantises to signed nibbles with a scale for each block, as ggml's Q4_0 does. */
  private String int4(WeightTensor tensor) {
    int columns = tensor.columns();
    long rows = tensor.rows();
    long offset = data.align();
    float[] row = new float[columns];
    for (long i = 0; i < rows; i++) {
      tensor.row(i, row);
      checkRange(tensor, row);
      ByteBuffer room = data.room(columns / 2);
      for (int block = 0; block < columns; block += BLOCK) {
        putNibbles(row, block, Int4.scale(row, block, BLOCK), room);
      }
    }
    String quants =
        graph.external(
            tensor.name() + ".int4",
            OnnxType.INT4,
            tensor.shape(),
            dataName,
            offset,
            OnnxType.INT4.bytes(rows * columns));
    String scales =
        table(
            tensor.name() + ".scales",
            OnnxType.FLOAT16,
            List.of(rows, (long) columns / BLOCK),
            () -> Int4.scales(tensor, BLOCK));
    moved(tensor);
    return graph.node(
        "DequantizeLinear",
        tensor.name(),
        List.of(quants, scales),
        new OnnxGraph.Attribute.Whole("axis", 1),
        new OnnxGraph.Attribute.Whole("block_size", BLOCK));
  }

  private static void putNibbles(float[] row, int from, float scale, ByteBuffer into) {
    for (int i = from; i < from + BLOCK; i += 2) {
      into.put((byte) ((Int4.quant(row[i], scale) & 15) | (Int4.quant(row[i + 1], scale) << 4)));
    }
  }

  private WeightTensor take(String name, List<Long> shape) {
    WeightTensor tensor = source.tensors().get(name);
    if (tensor == null) {
      throw new ModelFileException(
          "the model has no tensor '" + name + "', which its architecture needs; fetch it again");
    }
    if (!tensor.shape().equals(shape)) {
      throw new ModelFileException(
          "tensor '"
              + name
              + "' has the shape "
              + tensor.shape()
              + ", not "
              + shape
              + " as the model's own description says; fetch it again");
    }
    used.add(name);
    return tensor;
  }

  private void moved(WeightTensor tensor) {
    movedBytes += tensor.bytes().byteSize();
    progress.accept(movedBytes);
  }

  /** Refuses a model of which a tensor was left over: the graph would compute something else. */
  void checkAllUsed() {
    for (Map.Entry<String, WeightTensor> entry : source.tensors().entrySet()) {
      if (!used.contains(entry.getKey())) {
        throw new ModelFileException(
            "tensor '"
                + entry.getKey()
                + "' has no place in the graph of "
                + source.config().architecture().label()
                + ", so this variant of it cannot be exported");
      }
    }
  }
}
