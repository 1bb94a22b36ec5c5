package org.cocoon.backend.tensorrt;

import static org.cocoon.backend.tensorrt.SimulatedGpu.check;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An engine with the inputs and outputs of docs/GRAPH.md and a toy for a model: each element of a
 * cache is a hash of its token and place, and a row's output is a hash of all the elements that its
 * token sees. So a wrong address, shape, position or order anywhere changes the answer.
 *
 * <p>It also checks what TensorRT would refuse or silently get wrong: shapes outside the profile,
 * addresses that are not aligned, a cache that is not updated in place, a write past its end.
 */
final class SimulatedEngine implements Engine {
  private static final long SCRATCH_BYTES = 4096;

  private final EngineShape shape;
  private final SimulatedGpu gpu;
  private final List<String> outputs = List.of("candidate_ids", "candidate_logits", "log_sum_exp");
  private final List<String> inputs = new ArrayList<>();
  private final List<String> presents = new ArrayList<>();
  private int contexts;
  private int enqueued;
  private boolean closed;

  SimulatedEngine(EngineShape shape, SimulatedGpu gpu) {
    this.shape = shape;
    this.gpu = gpu;
    inputs.addAll(List.of("token_ids", "write_indices", "rows"));
    for (int i = 0; i < shape.graph().layers(); i++) {
      inputs.addAll(List.of("cache_k_" + i, "cache_v_" + i));
      presents.addAll(List.of("present_k_" + i, "present_v_" + i));
    }
  }

  int contexts() {
    return contexts;
  }

  int enqueued() {
    return enqueued;
  }

  boolean closed() {
    return closed;
  }

  /** What the model answers to these tokens: candidates' ids, then the bits of the rest. */
  static int[] answer(GraphShape graph, int[] tokens) {
    long state = 1;
    for (int position = 0; position < tokens.length; position++) {
      for (int cache = 0; cache < 2 * graph.layers(); cache++) {
        for (int head = 0; head < graph.keyValueHeads(); head++) {
          state = mix(state, element(graph, tokens[position], position, cache, head));
        }
      }
    }
    return row(graph, state);
  }

  private static int[] row(GraphShape graph, long state) {
    int k = graph.candidates();
    int[] row = new int[2 * k + 1];
    for (int i = 0; i < k; i++) {
      row[i] = (int) Math.floorMod(mix(state, i), (long) graph.vocabulary());
      row[k + i] = Float.floatToRawIntBits((mix(state, k + i) & 0xffff) / 256f - i);
    }
    row[2 * k] = Float.floatToRawIntBits((mix(state, -1) & 0xffff) / 256f);
    return row;
  }

  /** As many bits as an element has, at every place of a head the same. */
  private static long element(GraphShape graph, int token, int position, int cache, int head) {
    long hash = mix(mix(mix(mix(7, token), position), cache), head);
    return hash & (graph.elementBytes() == 2 ? 0xffffL : 0xffff_ffffL);
  }

  private static long mix(long state, long value) {
    long z = (state ^ value) * 0x9e37_79b9_7f4a_7c15L;
    z = (z ^ (z >>> 29)) * 0xbf58_476d_1ce4_e5b9L;
    return z ^ (z >>> 32);
  }

  @Override
  public long scratchBytes() {
    return SCRATCH_BYTES;
  }

  @Override
  public Engine.Context context(Phase phase, long scratch) {
    gpu.at(scratch, SCRATCH_BYTES);
    contexts++;
    return new Context(phase);
  }

  @Override
  public void close() {
    check(!gpu.closed(), "an engine is freed before its GPU");
    closed = true;
  }

  private final class Context implements Engine.Context {
    private final Phase phase;
    private final Map<String, long[]> shapes = new HashMap<>();
    private final Map<String, Long> addresses = new HashMap<>();

    Context(Phase phase) {
      this.phase = phase;
    }

    @Override
    public void shape(String tensor, long... dimensions) {
      check(inputs.contains(tensor), tensor + " is no input");
      shapes.put(tensor, dimensions.clone());
    }

    @Override
    public void bind(String tensor, long address) {
      check(
          inputs.contains(tensor) || outputs.contains(tensor) || presents.contains(tensor),
          tensor + " is no tensor of the engine");
      check(address % 256 == 0, tensor + " is not aligned");
      addresses.put(tensor, address);
    }

    @Override
    public void enqueue() {
      enqueued++;
      Run run = new Run(Map.copyOf(shapes), Map.copyOf(addresses));
      run.check(phase);
      gpu.submit(run);
    }
  }

  /** One computation with the shapes and addresses of the moment when it was enqueued. */
  private final class Run implements Runnable {
    private final Map<String, long[]> shapes;
    private final Map<String, Long> addresses;
    private final int sequences;
    private final int tokens;
    private final int rows;

    Run(Map<String, long[]> shapes, Map<String, Long> addresses) {
      this.shapes = shapes;
      this.addresses = addresses;
      long[] ids = shapes.getOrDefault("token_ids", new long[2]);
      sequences = (int) ids[0];
      tokens = (int) ids[1];
      rows = (int) shapes.getOrDefault("rows", new long[1])[0];
    }

    void check(Phase phase) {
      ProfileShapes profile = ProfileShapes.of(shape, phase);
      for (String input : inputs) {
        long[] dimensions = shapes.getOrDefault(input, new long[0]);
        ProfileShapes.Range range = profile.range(input);
        SimulatedGpu.check(
            range.contains(dimensions),
            input + " " + Arrays.toString(dimensions) + " is not in the profile " + range);
        SimulatedGpu.check(
            input.equals("rows") || dimensions[0] == sequences, input + " has another B");
      }
      for (String input : inputs) {
        SimulatedGpu.check(addresses.containsKey(input), input + " has no address");
      }
      for (String output : outputs) {
        SimulatedGpu.check(addresses.containsKey(output), output + " has no address");
      }
      for (String present : presents) {
        SimulatedGpu.check(
            addresses
                .getOrDefault(present, 0L)
                .equals(address(present.replace("present", "cache"))),
            present + " is not updated in place");
      }
    }

    private long address(String tensor) {
      return addresses.getOrDefault(tensor, 0L);
    }

    @Override
    public void run() {
      ByteBuffer ids = gpu.at(address("token_ids"), 8L * sequences * tokens);
      ByteBuffer writes = gpu.at(address("write_indices"), 8L * sequences);
      for (int cache = 0; cache < shape.caches(); cache++) {
        scatter(cache, ids, writes);
      }
      ByteBuffer wanted = gpu.at(address("rows"), 8L * rows);
      int k = shape.graph().candidates();
      ByteBuffer candidateIds = gpu.at(address("candidate_ids"), 4L * rows * k);
      ByteBuffer candidateLogits = gpu.at(address("candidate_logits"), 4L * rows * k);
      ByteBuffer logSumExp = gpu.at(address("log_sum_exp"), 4L * rows);
      for (int r = 0; r < rows; r++) {
        long index = wanted.getLong(8 * r);
        SimulatedGpu.check(index >= 0 && index < (long) sequences * tokens, "row " + index);
        int sequence = (int) index / tokens;
        long position = writes.getLong(8 * sequence) + index % tokens;
        int[] row = row(shape.graph(), attend(sequence, position));
        for (int i = 0; i < k; i++) {
          candidateIds.putInt(4 * (r * k + i), row[i]);
          candidateLogits.putInt(4 * (r * k + i), row[k + i]);
        }
        logSumExp.putInt(4 * r, row[2 * k]);
      }
    }

    private String cacheName(int cache) {
      return (cache % 2 == 0 ? "cache_k_" : "cache_v_") + cache / 2;
    }

    private long cell(int cache, int sequence, int head, long position) {
      return address(cacheName(cache))
          + sequence * shape.slotBytes()
          + head * shape.headBytes()
          + position * shape.tokenBytes();
    }

    private void scatter(int cache, ByteBuffer ids, ByteBuffer writes) {
      GraphShape graph = shape.graph();
      for (int b = 0; b < sequences; b++) {
        long from = writes.getLong(8 * b);
        SimulatedGpu.check(
            from >= 0 && from + tokens <= shape.capacity(), "a write past the end of a cache");
        for (int s = 0; s < tokens; s++) {
          long token = ids.getLong(8 * (b * tokens + s));
          SimulatedGpu.check(token >= 0 && token < graph.vocabulary(), "token " + token);
          for (int head = 0; head < graph.keyValueHeads(); head++) {
            ByteBuffer cell = gpu.at(cell(cache, b, head, from + s), shape.tokenBytes());
            long element = element(graph, (int) token, (int) from + s, cache, head);
            while (cell.hasRemaining()) {
              if (graph.elementBytes() == 2) {
                cell.putShort((short) element);
              } else {
                cell.putInt((int) element);
              }
            }
          }
        }
      }
    }

    /** Hash of all that a token at this position sees; of each head the last element is read. */
    private long attend(int sequence, long last) {
      GraphShape graph = shape.graph();
      long state = 1;
      for (long position = 0; position <= last; position++) {
        for (int cache = 0; cache < shape.caches(); cache++) {
          for (int head = 0; head < graph.keyValueHeads(); head++) {
            int at = (int) shape.tokenBytes() - graph.elementBytes();
            ByteBuffer cell = gpu.at(cell(cache, sequence, head, position), shape.tokenBytes());
            long element =
                graph.elementBytes() == 2
                    ? Short.toUnsignedLong(cell.getShort(at))
                    : Integer.toUnsignedLong(cell.getInt(at));
            state = mix(state, element);
          }
        }
      }
      return state;
    }
  }
}
