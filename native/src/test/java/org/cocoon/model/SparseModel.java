package org.cocoon.model;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;

/** A Llama of any size whose weights are a hole in a file: it takes no disk. */
final class SparseModel {
  private SparseModel() {}

  /**
   * Writes it, with Q8_0 matrices.
   *
   * @return its bytes
   */
  static long write(Path path, int hidden, int layers) throws IOException {
    GgufWriter writer =
        new GgufWriter()
            .text("general.architecture", "llama")
            .whole("llama.block_count", layers)
            .whole("llama.context_length", 256)
            .whole("llama.embedding_length", hidden)
            .whole("llama.feed_forward_length", 4 * hidden)
            .whole("llama.attention.head_count", hidden / 64)
            .real("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    long wide = hidden;
    matrix(writer, "token_embd", 1024, wide);
    norm(writer, "output_norm", wide);
    for (int layer = 0; layer < layers; layer++) {
      String at = "blk." + layer + ".";
      for (String name : List.of("attn_q", "attn_k", "attn_v", "attn_output")) {
        matrix(writer, at + name, wide, wide);
      }
      matrix(writer, at + "ffn_gate", 4 * wide, wide);
      matrix(writer, at + "ffn_up", 4 * wide, wide);
      matrix(writer, at + "ffn_down", wide, 4 * wide);
      norm(writer, at + "attn_norm", wide);
      norm(writer, at + "ffn_norm", wide);
    }
    long bytes = writer.writeSparse(path);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(bytes);
    }
    return bytes;
  }

  private static void matrix(GgufWriter writer, String name, long rows, long columns) {
    writer.hole(
        name + ".weight", TensorType.Q8_0, List.of(rows, columns), rows * columns / 32 * 34);
  }

  private static void norm(GgufWriter writer, String name, long size) {
    writer.hole(name + ".weight", TensorType.F32, List.of(size), size * 4);
  }
}
