package org.cocoon.model;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Writes an ONNX model message, node by node.
 *
 * <p>Only the few fields of onnx.proto that an export has; the constants below are their numbers in
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Every value has one name, and a node is
 * named after its first output; one that is there twice is a bug and throws. One thread uses it.
 */
final class OnnxGraph {
  static final int OPSET = 24;
  private static final int IR_VERSION = 11;

  // ModelProto
  private static final int MODEL_IR_VERSION = 1;
  private static final int MODEL_PRODUCER = 2;
  private static final int MODEL_GRAPH = 7;
  private static final int MODEL_OPSET = 8;
  private static final int OPSET_VERSION = 2;
  // GraphProto
  private static final int GRAPH_NODE = 1;
  private static final int GRAPH_NAME = 2;
  private static final int GRAPH_INITIALIZER = 5;
  private static final int GRAPH_INPUT = 11;
  private static final int GRAPH_OUTPUT = 12;
  // NodeProto
  private static final int NODE_INPUT = 1;
  private static final int NODE_OUTPUT = 2;
  private static final int NODE_NAME = 3;
  private static final int NODE_OPERATOR = 4;
  private static final int NODE_ATTRIBUTE = 5;
  // AttributeProto
  private static final int ATTRIBUTE_NAME = 1;
  private static final int ATTRIBUTE_FLOAT = 2;
  private static final int ATTRIBUTE_INT = 3;
  private static final int ATTRIBUTE_STRING = 4;
  private static final int ATTRIBUTE_INTS = 8;
  private static final int ATTRIBUTE_TYPE = 20;
  // TensorProto
  private static final int TENSOR_DIMENSION = 1;
  private static final int TENSOR_TYPE = 2;
  private static final int TENSOR_NAME = 8;
  private static final int TENSOR_RAW = 9;
  private static final int TENSOR_EXTERNAL = 13;
  private static final int TENSOR_LOCATION = 14;
  private static final int EXTERNAL = 1;
  // StringStringEntryProto
  private static final int ENTRY_KEY = 1;
  private static final int ENTRY_VALUE = 2;
  // ValueInfoProto, TypeProto, TypeProto.Tensor, TensorShapeProto and its Dimension
  private static final int VALUE_NAME = 1;
  private static final int VALUE_TYPE = 2;
  private static final int TYPE_TENSOR = 1;
  private static final int TENSOR_ELEMENT = 1;
  private static final int TENSOR_SHAPE = 2;
  private static final int SHAPE_DIMENSION = 1;
  private static final int DIMENSION_VALUE = 1;
  private static final int DIMENSION_NAME = 2;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final CodedOutputStream graph = CodedOutputStream.newInstance(bytes);
  private final Set<String> names = new LinkedHashSet<>();

  /** An attribute of a node. */
  sealed interface Attribute {
    /** Its name. */
    String name();

    /** A number. */
    record Real(String name, float value) implements Attribute {}

    /** A whole number. */
    record Whole(String name, long value) implements Attribute {}

    /** Whole numbers. */
    record Wholes(String name, List<Long> values) implements Attribute {}

    /** A text. */
    record Text(String name, String value) implements Attribute {}
  }

  /** A dimension of an input or output: fixed, or known by name only. */
  sealed interface Dimension {
    /** Always the same. */
    record Fixed(long size) implements Dimension {}

    /** Chosen for each step. */
    record Dynamic(String name) implements Dimension {}
  }

  private interface Message {
    void write(CodedOutputStream out) throws IOException;
  }

  OnnxGraph(String name) {
    write(graph, out -> out.writeString(GRAPH_NAME, name));
  }

  private static void write(CodedOutputStream out, Message message) {
    try {
      message.write(out);
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail", e);
    }
  }

  private static ByteString encoded(Message message) {
    ByteString.Output bytes = ByteString.newOutput();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    write(out, message);
    write(out, CodedOutputStream::flush);
    return bytes.toByteString();
  }

  private void define(String name) {
    if (!names.add(name)) {
      throw new IllegalStateException("the graph has a value " + name + " already");
    }
  }

  /** Adds an input. */
  void input(String name, OnnxType type, Dimension... shape) {
    define(name);
    write(graph, out -> out.writeBytes(GRAPH_INPUT, value(name, type, shape)));
  }

  /** Makes a value an output. */
  void output(String name, OnnxType type, Dimension... shape) {
    write(graph, out -> out.writeBytes(GRAPH_OUTPUT, value(name, type, shape)));
  }

  private static ByteString value(String name, OnnxType type, Dimension... dimensions) {
    ByteString shape =
        encoded(
            out -> {
              for (Dimension dimension : dimensions) {
                out.writeBytes(SHAPE_DIMENSION, encoded(part -> write(part, dimension)));
              }
            });
    ByteString tensor =
        encoded(
            out -> {
              out.writeInt32(TENSOR_ELEMENT, type.code());
              out.writeBytes(TENSOR_SHAPE, shape);
            });
    return encoded(
        out -> {
          out.writeString(VALUE_NAME, name);
          out.writeBytes(VALUE_TYPE, encoded(part -> part.writeBytes(TYPE_TENSOR, tensor)));
        });
  }

  private static void write(CodedOutputStream out, Dimension dimension) throws IOException {
    switch (dimension) {
      case Dimension.Fixed(long size) -> out.writeInt64(DIMENSION_VALUE, size);
      case Dimension.Dynamic(String name) -> out.writeString(DIMENSION_NAME, name);
    }
  }

  /** Adds a node with one output and returns the output's name. */
  String node(String operator, String output, List<String> inputs, Attribute... attributes) {
    node(operator, List.of(output), inputs, attributes);
    return output;
  }

  /** Adds a node. */
  void node(String operator, List<String> outputs, List<String> inputs, Attribute... attributes) {
    outputs.forEach(this::define);
    ByteString node =
        encoded(
            out -> {
              for (String input : inputs) {
                out.writeString(NODE_INPUT, input);
              }
              for (String output : outputs) {
                out.writeString(NODE_OUTPUT, output);
              }
              out.writeString(NODE_NAME, outputs.getFirst());
              out.writeString(NODE_OPERATOR, operator);
              for (Attribute attribute : attributes) {
                out.writeBytes(NODE_ATTRIBUTE, encoded(part -> write(part, attribute)));
              }
            });
    write(graph, out -> out.writeBytes(GRAPH_NODE, node));
  }

  private static void write(CodedOutputStream out, Attribute attribute) throws IOException {
    out.writeString(ATTRIBUTE_NAME, attribute.name());
    int type =
        switch (attribute) {
          case Attribute.Real(_, float value) -> {
            out.writeFloat(ATTRIBUTE_FLOAT, value);
            yield 1;
          }
          case Attribute.Whole(_, long value) -> {
            out.writeInt64(ATTRIBUTE_INT, value);
            yield 2;
          }
          case Attribute.Text(_, String value) -> {
            out.writeString(ATTRIBUTE_STRING, value);
            yield 3;
          }
          case Attribute.Wholes(_, List<Long> values) -> {
            for (long value : values) {
              out.writeInt64(ATTRIBUTE_INTS, value);
            }
            yield 7;
          }
        };
    out.writeInt32(ATTRIBUTE_TYPE, type);
  }

  /** Adds a constant of 64-bit integers: without dimensions where it is one number alone. */
  String scalar(String name, long value) {
    return constant(name, OnnxType.INT64, List.of(), longs(value));
  }

  /** Adds a constant list of 64-bit integers. */
  String list(String name, long... values) {
    return constant(name, OnnxType.INT64, List.of((long) values.length), longs(values));
  }

  private static byte[] longs(long... values) {
    ByteBuffer raw = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    raw.asLongBuffer().put(values);
    return raw.array();
  }

  /** Adds a float constant without dimensions. */
  String scalar(String name, float value) {
    ByteBuffer raw = ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    return constant(name, OnnxType.FLOAT32, List.of(), raw.putFloat(value).array());
  }

  private String constant(String name, OnnxType type, List<Long> shape, byte[] raw) {
    return initializer(name, type, shape, out -> out.writeByteArray(TENSOR_RAW, raw));
  }

  /** Adds a constant that lies in another file. */
  String external(
      String name, OnnxType type, List<Long> shape, String file, long offset, long length) {
    return initializer(
        name,
        type,
        shape,
        out -> {
          entry(out, "location", file);
          entry(out, "offset", Long.toString(offset));
          entry(out, "length", Long.toString(length));
          out.writeInt32(TENSOR_LOCATION, EXTERNAL);
        });
  }

  private static void entry(CodedOutputStream out, String key, String value) throws IOException {
    out.writeBytes(
        TENSOR_EXTERNAL,
        encoded(
            entry -> {
              entry.writeString(ENTRY_KEY, key);
              entry.writeString(ENTRY_VALUE, value);
            }));
  }

  private String initializer(String name, OnnxType type, List<Long> shape, Message content) {
    define(name);
    ByteString tensor =
        encoded(
            out -> {
              for (long size : shape) {
                out.writeInt64(TENSOR_DIMENSION, size);
              }
              out.writeInt32(TENSOR_TYPE, type.code());
              out.writeString(TENSOR_NAME, name);
              content.write(out);
            });
    write(graph, out -> out.writeBytes(GRAPH_INITIALIZER, tensor));
    return name;
  }

  /** The whole model message. */
  byte[] finish(String producer) {
    write(graph, CodedOutputStream::flush);
    return encoded(
            out -> {
              out.writeInt64(MODEL_IR_VERSION, IR_VERSION);
              out.writeString(MODEL_PRODUCER, producer);
              out.writeByteArray(MODEL_GRAPH, bytes.toByteArray());
              out.writeBytes(MODEL_OPSET, encoded(opset -> opset.writeInt64(OPSET_VERSION, OPSET)));
            })
        .toByteArray();
  }
}
