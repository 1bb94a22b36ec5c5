package org.cocoon.backend;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.cocoon.model.ExportedModel;

/**
 * Keys and values of all sequences: for each layer and each of both one buffer [slots, heads,
 * capacity, dimension], of which a step binds a range of slots as input and output at once.
 */
final class OnnxCaches {
  private final OrtEnvironment environment;
  private final ExportedModel model;
  private final OnnxJavaType type;
  private final int capacity;
  private final int rowBytes;
  private final List<ByteBuffer> buffers = new ArrayList<>();

  /**
   * Allocates them.
   *
   * @throws ArithmeticException if one is larger than a Java buffer can be
   */
  OnnxCaches(OrtEnvironment environment, ExportedModel model, int slots, int capacity) {
    this.environment = environment;
    this.model = model;
    this.capacity = capacity;
    type = model.compute().equals("float32") ? OnnxJavaType.FLOAT : OnnxJavaType.FLOAT16;
    rowBytes = model.headDimension() * type.size;
    int bytes = Math.multiplyExact(slots, slotBytes());
    for (int i = 0; i < 2 * model.layers(); i++) {
      buffers.add(ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder()));
    }
  }

  private int slotBytes() {
    return Math.multiplyExact(
        model.keyValueHeads(), Math.multiplyExact(capacity, model.headDimension() * type.size));
  }

  /** Tensors over a range of slots, by the graph's input name; the caller closes them. */
  Map<String, OnnxTensor> bind(int firstSlot, int slots) throws OrtException {
    long[] shape = {slots, model.keyValueHeads(), capacity, model.headDimension()};
    Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
    for (int i = 0; i < buffers.size(); i++) {
      ByteBuffer range =
          buffers
              .get(i)
              .slice(firstSlot * slotBytes(), slots * slotBytes())
              .order(ByteOrder.nativeOrder());
      String name = (i % 2 == 0 ? "k_" : "v_") + i / 2;
      tensors.put(name, OnnxTensor.createTensor(environment, range, shape, type));
    }
    return tensors;
  }

  /** Copies the first tokens of a slot to another. */
  void copy(int from, int to, int tokens) {
    for (ByteBuffer buffer : buffers) {
      for (int head = 0; head < model.keyValueHeads(); head++) {
        int offset = head * capacity * rowBytes;
        buffer.put(
            to * slotBytes() + offset, buffer, from * slotBytes() + offset, tokens * rowBytes);
      }
    }
  }
}
