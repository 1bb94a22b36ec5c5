package org.cocoon.backend.tensorrt;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.cocoon.backend.BackendException;

/**
 * Runs launches: binds their tensors, and replays a CUDA graph where the same decode ran before.
 *
 * <p>A graph freezes shapes and addresses, so there is one for each window of slots. It is recorded
 * right after the first plain run of its window, which TensorRT needs anyway after a change of
 * shape, and the least recently used one makes place for a new one.
 *
 * <p>A window size has a context of its own. TensorRT may keep what follows from a shape in the
 * context, where a recorded graph reads it; so the shape of a context with graphs never changes.
 * All contexts share the scratch memory, because their launches follow one another in one stream.
 */
final class Launcher implements AutoCloseable {
  /** Recorded graphs at the same time; each holds some hundred kilobytes of the GPU. */
  static final int MOST_GRAPHS = 64;

  private record Window(int firstSlot, int slots) {}

  /** A context and the slot that its caches are bound to; -1 before the first binding. */
  private static final class Bound {
    private final Engine.Context context;
    private int slot = -1;

    Bound(Engine.Context context) {
      this.context = context;
    }
  }

  private final EngineShape shape;
  private final Gpu gpu;
  private final Engine engine;
  private final Buffers buffers;
  private final List<String> caches;
  private final List<String> presents;
  private final Bound prefill;
  private final Map<Integer, Bound> decodes = new TreeMap<>();
  private final LinkedHashMap<Window, Long> graphs = new LinkedHashMap<>(16, 0.75f, true);
  private boolean recordable = true;

  Launcher(Gpu gpu, Engine engine, Buffers buffers) {
    this.gpu = gpu;
    this.engine = engine;
    this.buffers = buffers;
    shape = buffers.shape();
    caches = names("cache");
    presents = names("present");
    prefill = new Bound(engine.context(Phase.PREFILL, buffers.scratch()));
    shapeCaches(prefill.context, 1);
  }

  private List<String> names(String prefix) {
    List<String> names = new ArrayList<>();
    for (int layer = 0; layer < shape.graph().layers(); layer++) {
      names.add(prefix + "_k_" + layer);
      names.add(prefix + "_v_" + layer);
    }
    return List.copyOf(names);
  }

  /** Puts one launch into the stream. */
  void launch(Launch launch) {
    switch (launch.phase()) {
      case PREFILL -> {
        shapeInputs(prefill.context, launch);
        bind(prefill, launch);
        prefill.context.enqueue();
      }
      case DECODE -> decode(launch);
    }
  }

  private void decode(Launch launch) {
    Window window = new Window(launch.firstSlot(), launch.sequences());
    Long graph = graphs.get(window);
    if (graph != null) {
      gpu.launch(graph);
      return;
    }
    Bound bound = decodes.get(window.slots());
    if (bound == null) {
      bound = new Bound(engine.context(Phase.DECODE, buffers.scratch()));
      decodes.put(window.slots(), bound);
      shapeInputs(bound.context, launch);
      shapeCaches(bound.context, window.slots());
    }
    bind(bound, launch);
    bound.context.enqueue();
    if (recordable) {
      record(window, bound.context);
    }
  }

  private void record(Window window, Engine.Context context) {
    if (graphs.size() == MOST_GRAPHS) {
      gpu.release(graphs.pollFirstEntry().getValue());
    }
    gpu.beginCapture();
    boolean enqueued = false;
    long graph = 0;
    try {
      context.enqueue();
      enqueued = true;
    } catch (BackendException _) {
      // It ran a moment ago, so what fails is the recording: such an engine runs without.
    } finally {
      graph = gpu.endCapture();
    }
    if (!enqueued || graph == 0) {
      recordable = false;
      if (graph != 0) {
        gpu.release(graph);
      }
      return;
    }
    graphs.put(window, graph);
  }

  private static void shapeInputs(Engine.Context context, Launch launch) {
    context.shape("token_ids", launch.sequences(), launch.tokens());
    context.shape("write_indices", launch.sequences());
    context.shape("rows", launch.rows());
  }

  private void shapeCaches(Engine.Context context, int slots) {
    for (String cache : caches) {
      context.shape(
          cache,
          slots,
          shape.graph().keyValueHeads(),
          shape.capacity(),
          shape.graph().headDimension());
    }
  }

  private void bind(Bound bound, Launch launch) {
    Engine.Context context = bound.context;
    context.bind("token_ids", buffers.input() + launch.idsAt());
    context.bind("write_indices", buffers.input() + launch.writesAt());
    context.bind("rows", buffers.input() + launch.rowsAt());
    context.bind("candidate_ids", buffers.output() + launch.candidateIdsAt());
    context.bind("candidate_logits", buffers.output() + launch.candidateLogitsAt());
    context.bind("log_sum_exp", buffers.output() + launch.logSumExpAt());
    if (bound.slot == launch.firstSlot()) {
      return;
    }
    for (int cache = 0; cache < caches.size(); cache++) {
      long address = buffers.cache(cache, launch.firstSlot());
      context.bind(caches.get(cache), address);
      context.bind(presents.get(cache), address); // in place
    }
    bound.slot = launch.firstSlot();
  }

  /** Frees the graphs; the contexts are the engine's. */
  @Override
  public void close() {
    graphs.values().forEach(gpu::release);
    graphs.clear();
  }
}
