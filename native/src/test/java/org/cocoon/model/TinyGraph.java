package org.cocoon.model;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** An exported graph of a {@link TinyModel} on ONNX Runtime, with one sequence. */
final class TinyGraph implements AutoCloseable {
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;
  private final Map<String, OnnxTensor> caches = new LinkedHashMap<>();
  private int length;

  /** What a step gives: logits of its last token, and the candidates where there are any. */
  record Output(float[] logits, int[] candidateIds, float[] candidateLogits, float logSumExp) {}

  TinyGraph(ExportedModel model) throws OrtException {
    session = environment.createSession(model.graph().toString());
    OnnxJavaType type =
        model.compute().equals("float32") ? OnnxJavaType.FLOAT : OnnxJavaType.FLOAT16;
    int capacity = model.positions();
    long[] shape = {1, model.keyValueHeads(), capacity, model.headDimension()};
    int bytes = model.keyValueHeads() * capacity * model.headDimension() * type.size;
    for (int layer = 0; layer < model.layers(); layer++) {
      for (String kind : new String[] {"k_", "v_"}) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        caches.put(kind + layer, OnnxTensor.createTensor(environment, buffer, shape, type));
      }
    }
  }

  Output step(long... tokens) throws OrtException {
    Map<String, OnnxTensor> inputs = new HashMap<>();
    Map<String, OnnxTensor> outputs = new HashMap<>();
    caches.forEach(
        (name, tensor) -> {
          inputs.put("cache_" + name, tensor);
          outputs.put("present_" + name, tensor);
        });
    inputs.put("token_ids", longs(tokens, 1, tokens.length));
    inputs.put("write_indices", longs(new long[] {length}, 1));
    inputs.put("rows", longs(new long[] {tokens.length - 1}, 1));
    Set<String> names = new HashSet<>(session.getOutputNames());
    names.removeAll(outputs.keySet());
    length += tokens.length;
    try (OrtSession.Result result = session.run(inputs, names, outputs)) {
      float[] logits = ((float[][]) result.get("logits").orElseThrow().getValue())[0];
      if (result.get("log_sum_exp").isEmpty()) {
        return new Output(logits, new int[0], new float[0], 0);
      }
      return new Output(
          logits,
          ((int[][]) result.get("candidate_ids").orElseThrow().getValue())[0],
          ((float[][]) result.get("candidate_logits").orElseThrow().getValue())[0],
          ((float[]) result.get("log_sum_exp").orElseThrow().getValue())[0]);
    }
  }

  private OnnxTensor longs(long[] values, long... shape) throws OrtException {
    return OnnxTensor.createTensor(environment, LongBuffer.wrap(values), shape);
  }

  @Override
  public void close() throws OrtException {
    caches.values().forEach(OnnxTensor::close);
    session.close();
  }
}
