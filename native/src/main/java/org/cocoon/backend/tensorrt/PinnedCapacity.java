package org.cocoon.backend.tensorrt;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.cocoon.backend.BackendException;

/**
 * Gives the symbolic dimension {@code capacity} of an exported graph a value.
 *
 * <p>TensorRT's parser wants the length of a KV cache to be a constant (kVCacheUpdateLayer.cpp:
 * "The KV cache tensor must have a static sequence length dimension"), and the export leaves it
 * open. The graph is small, its weights lie beside it, so it is rewritten in memory: along the path
 * from ModelProto (onnx.proto) to a dimension of an input or output messages are copied with new
 * lengths, and all other bytes as they are.
 */
final class PinnedCapacity {
  static final String SYMBOL = "capacity";

  /** Field numbers on the path to a dimension; 7 is ModelProto.graph. */
  private static final int GRAPH = 7;

  private static final int INPUT = 11;
  private static final int OUTPUT = 12;
  private static final int TYPE = 2;
  private static final int TENSOR_TYPE = 1;
  private static final int SHAPE = 2;
  private static final int DIMENSION = 1;
  private static final int DIMENSION_VALUE = 1;
  private static final int DIMENSION_SYMBOL = 2;

  private static final int VARINT = 0;
  private static final int FIXED_64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED_32 = 5;

  private final int capacity;
  private int pinned;

  private PinnedCapacity(int capacity) {
    this.capacity = capacity;
  }

  /**
   * Rewrites a graph.
   *
   * @param model an ONNX file's bytes
   * @param caches how many cache tensors it has; each is an input and an output
   * @return the file's bytes with the dimension's value
   * @throws BackendException if this is no such graph
   */
  static byte[] pin(byte[] model, int caches, int capacity) {
    PinnedCapacity pin = new PinnedCapacity(capacity);
    byte[] result = pin.message(ByteBuffer.wrap(model), Level.MODEL);
    if (pin.pinned != 2 * caches) {
      throw new BackendException(
          "the graph has "
              + pin.pinned
              + " caches' dimensions named "
              + SYMBOL
              + " where "
              + 2 * caches
              + " are expected; export the model again");
    }
    return result;
  }

  /** A message on the path from a model to a dimension. */
  private enum Level {
    MODEL,
    GRAPH_PROTO,
    VALUE_INFO,
    TYPE_PROTO,
    TENSOR,
    TENSOR_SHAPE,
    SHAPE_DIMENSION;

    boolean leadsOn(int field) {
      return switch (this) {
        case MODEL -> field == GRAPH;
        case GRAPH_PROTO -> field == INPUT || field == OUTPUT;
        case VALUE_INFO -> field == TYPE;
        case TYPE_PROTO -> field == TENSOR_TYPE;
        case TENSOR -> field == SHAPE;
        case TENSOR_SHAPE -> field == DIMENSION;
        case SHAPE_DIMENSION -> false;
      };
    }

    Level next() {
      return switch (this) {
        case MODEL -> GRAPH_PROTO;
        case GRAPH_PROTO -> VALUE_INFO;
        case VALUE_INFO -> TYPE_PROTO;
        case TYPE_PROTO -> TENSOR;
        case TENSOR -> TENSOR_SHAPE;
        case TENSOR_SHAPE, SHAPE_DIMENSION -> SHAPE_DIMENSION;
      };
    }
  }

  private byte[] message(ByteBuffer in, Level level) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(in.remaining() + 64);
    while (in.hasRemaining()) {
      int start = in.position();
      long tag = varint(in);
      int field = (int) (tag >>> 3);
      int wire = (int) (tag & 7);
      if (wire != BYTES) {
        skip(in, wire);
        copy(in, start, out);
        continue;
      }
      ByteBuffer value = bytes(in);
      if (level.leadsOn(field)) {
        put(out, field, message(value, level.next()));
      } else if (level == Level.SHAPE_DIMENSION && field == DIMENSION_SYMBOL && isSymbol(value)) {
        putVarint(out, (DIMENSION_VALUE << 3) | VARINT);
        putVarint(out, capacity);
        pinned++;
      } else {
        copy(in, start, out);
      }
    }
    return out.toByteArray();
  }

  /** Writes what was read since a position. */
  private static void copy(ByteBuffer in, int start, ByteArrayOutputStream out) {
    byte[] bytes = new byte[in.position() - start];
    in.get(start, bytes);
    out.writeBytes(bytes);
  }

  private static boolean isSymbol(ByteBuffer value) {
    return StandardCharsets.UTF_8.decode(value.duplicate()).toString().equals(SYMBOL);
  }

  private static void skip(ByteBuffer in, int wire) {
    switch (wire) {
      case VARINT -> varint(in);
      case FIXED_64 -> advance(in, 8);
      case FIXED_32 -> advance(in, 4);
      default -> throw damaged();
    }
  }

  private static void advance(ByteBuffer in, int bytes) {
    if (bytes > in.remaining()) {
      throw damaged();
    }
    in.position(in.position() + bytes);
  }

  /** A view of the next value's bytes, which are then passed. */
  private static ByteBuffer bytes(ByteBuffer in) {
    long length = varint(in);
    if (length < 0 || length > in.remaining()) {
      throw damaged();
    }
    ByteBuffer value = in.duplicate().limit(in.position() + (int) length);
    in.position(value.limit());
    return value;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (!in.hasRemaining()) {
        throw damaged();
      }
      byte next = in.get();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw damaged();
  }

  private static BackendException damaged() {
    return new BackendException("model.onnx is damaged; export the model again");
  }

  private static void put(ByteArrayOutputStream out, int field, byte[] value) {
    putVarint(out, (field << 3) | BYTES);
    putVarint(out, value.length);
    out.writeBytes(value);
  }

  private static void putVarint(ByteArrayOutputStream out, long value) {
    byte[] bytes = new byte[10];
    int size = 0;
    for (long rest = value; ; rest >>>= 7) {
      if (rest < 0x80) {
        bytes[size++] = (byte) rest;
        out.writeBytes(Arrays.copyOf(bytes, size));
        return;
      }
      bytes[size++] = (byte) ((rest & 0x7f) | 0x80);
    }
  }
}
