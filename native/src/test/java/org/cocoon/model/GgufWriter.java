package org.cocoon.model;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes GGUF files for tests. */
public final class GgufWriter {
  private static final int ALIGNMENT = 32;

  private final ByteArrayOutputStream metadata = new ByteArrayOutputStream();
  private final List<Tensor> tensors = new ArrayList<>();
  private int entries;

  private interface Content {
    void write(OutputStream out) throws IOException;
  }

  private record Tensor(
      String name, TensorType type, List<Long> shape, long bytes, Content content) {}

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] text(String text) {
    byte[] utf8 = text.getBytes(UTF_8);
    return buffer(8 + utf8.length).putLong(utf8.length).put(utf8).array();
  }

  private GgufWriter entry(String key, int type, byte[] value) {
    metadata.writeBytes(text(key));
    metadata.writeBytes(buffer(4).putInt(type).array());
    metadata.writeBytes(value);
    entries++;
    return this;
  }

  GgufWriter text(String key, String value) {
    return entry(key, 8, text(value));
  }

  GgufWriter whole(String key, int value) {
    return entry(key, 4, buffer(4).putInt(value).array());
  }

  GgufWriter real(String key, float value) {
    return entry(key, 6, buffer(4).putFloat(value).array());
  }

  GgufWriter texts(String key, String... values) {
    ByteArrayOutputStream array = new ByteArrayOutputStream();
    array.writeBytes(buffer(12).putInt(8).putLong(values.length).array());
    for (String value : values) {
      array.writeBytes(text(value));
    }
    return entry(key, 9, array.toByteArray());
  }

  GgufWriter tensor(String name, TensorType type, List<Long> shape, byte[] content) {
    tensors.add(new Tensor(name, type, shape, content.length, out -> out.write(content)));
    return this;
  }

  GgufWriter floats(String name, List<Long> shape, float... values) {
    byte[] bytes = new byte[values.length * Float.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    return tensor(name, TensorType.F32, shape, bytes);
  }

  /** A tensor of zeros that is not written. */
  GgufWriter hole(String name, TensorType type, List<Long> shape, long bytes) {
    tensors.add(new Tensor(name, type, shape, bytes, out -> {}));
    return this;
  }

  /** Writes the header alone and returns how long the file must be. */
  long writeSparse(Path path) throws IOException {
    byte[] header = header();
    Files.write(path, header);
    return padded(header.length)
        + tensors.stream().mapToLong(tensor -> padded(tensor.bytes())).sum();
  }

  void write(Path path) throws IOException {
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(path), 1 << 20)) {
      byte[] header = header();
      out.write(header);
      out.write(new byte[(int) (padded(header.length) - header.length)]);
      for (Tensor tensor : tensors) {
        tensor.content().write(out);
        out.write(new byte[(int) (padded(tensor.bytes()) - tensor.bytes())]);
      }
    }
  }

  private byte[] header() throws IOException {
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    header.writeBytes("GGUF".getBytes(UTF_8));
    header.writeBytes(buffer(20).putInt(3).putLong(tensors.size()).putLong(entries).array());
    metadata.writeTo(header);
    long offset = 0;
    for (Tensor tensor : tensors) {
      header.writeBytes(text(tensor.name()));
      header.writeBytes(buffer(4).putInt(tensor.shape().size()).array());
      for (long size : tensor.shape().reversed()) {
        header.writeBytes(buffer(8).putLong(size).array());
      }
      header.writeBytes(buffer(12).putInt(tensor.type().ggufCode()).putLong(offset).array());
      offset += padded(tensor.bytes());
    }
    return header.toByteArray();
  }

  private static long padded(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** Writes a GGUF file with the weights of another one in single precision. */
  public static void widen(Path from, Path to) throws IOException {
    try (GgufFile file = GgufFile.open(from)) {
      GgufWriter writer = new GgufWriter();
      writer.entries = file.metadata().size();
      writer.metadata.writeBytes(
          file.file().slice(24, file.metadataEnd() - 24).toArray(ValueLayout.JAVA_BYTE));
      for (WeightTensor tensor : file.tensors().values()) {
        long bytes = tensor.rows() * tensor.columns() * Float.BYTES;
        Content content = out -> widen(tensor, out);
        writer.tensors.add(
            new Tensor(tensor.name(), TensorType.F32, tensor.shape(), bytes, content));
      }
      writer.write(to);
    }
  }

  private static void widen(WeightTensor tensor, OutputStream out) throws IOException {
    float[] row = new float[tensor.columns()];
    byte[] bytes = new byte[row.length * Float.BYTES];
    for (long i = 0; i < tensor.rows(); i++) {
      tensor.row(i, row);
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(row);
      out.write(bytes);
    }
  }
}
