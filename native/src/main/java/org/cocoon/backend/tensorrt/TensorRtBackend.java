package org.cocoon.backend.tensorrt;

import org.cocoon.backend.Backend;
import org.cocoon.backend.BackendDescription;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.BackendLimits;
import org.cocoon.backend.BackendStats;
import org.cocoon.backend.GgufVocabulary;
import org.cocoon.backend.SequenceLengths;
import org.cocoon.backend.StepBatch;
import org.cocoon.backend.Vocabulary;
import org.jspecify.annotations.Nullable;

/**
 * An exported model on an NVIDIA GPU, computed by TensorRT. Returns candidates, most likely first,
 * and the log of the sum of all exponentials, both computed on the GPU.
 *
 * <p>A sequence is a row of the caches, which are allocated when the model opens and updated in
 * place. A step is one packed copy up, one decode of all sequences with a single token, a prefill
 * of each piece of the others, and one packed copy down: under GPU confidential computing copies
 * are serialised, and small ones are dear.
 *
 * <p>The first thread that calls {@link #step}, {@link #truncate} or {@link #copyPrefix} becomes
 * the owner; calls from another are an {@link IllegalStateException}. {@link #close} is the owner's
 * too, or anybody's before there is one and after its thread has ended. After a failure of the GPU
 * every call is refused.
 */
public final class TensorRtBackend implements Backend {
  private final EngineShape shape;
  private final Gpu gpu;
  private final Engine engine;
  private final Vocabulary vocabulary;
  private final BackendLimits limits;
  private final BackendDescription description;
  private final Buffers buffers;
  private final Launcher launcher;
  private final StepPlanner planner;
  private final StepPacker packer;
  private final SequenceLengths held;
  private final int[] lengths;
  private volatile @Nullable Thread owner;
  private boolean failed;
  private boolean closed;
  private long steps;
  private long tokens;
  private long stepNanos;

  /** Takes over the GPU and the engine, and allocates everything that steps need. */
  TensorRtBackend(EngineShape shape, Gpu gpu, Engine engine, Vocabulary vocabulary, String device) {
    this.shape = shape;
    this.gpu = gpu;
    this.engine = engine;
    this.vocabulary = vocabulary;
    GraphShape graph = shape.graph();
    limits =
        new BackendLimits(
            shape.slots(),
            shape.contextTokens(),
            shape.batchTokens(),
            graph.vocabulary(),
            graph.candidates());
    description =
        new BackendDescription(
            "tensorrt", graph.name(), graph.revision() + ":" + graph.hash(), device, false);
    buffers = Buffers.allocate(shape, gpu, engine.scratchBytes());
    launcher = new Launcher(gpu, engine, buffers);
    planner = new StepPlanner(shape);
    packer = new StepPacker(graph);
    held = new SequenceLengths(shape.slots());
    lengths = held.values();
  }

  /**
   * Loads a model onto the first GPU. The first time it compiles an engine, which takes minutes and
   * is kept; then it takes seconds, and the time to hash the weights.
   *
   * @throws BackendException with what to do, where there is no usable GPU, driver, TensorRT, model
   *     or memory
   */
  public static TensorRtBackend open(TensorRtOptions options) {
    return TensorRtOpener.open(options);
  }

  /**
   * Runs each profile once with every size of a window, so that kernels are loaded and graphs
   * recorded before the first request. Call it before the first step.
   */
  void warmUp() {
    StepBatch batch = new StepBatch(limits);
    for (int size : StepPlanner.windowSizes(shape.slots())) {
      batch.clear();
      for (int slot = 0; slot < size && batch.remaining() > 0; slot++) {
        batch.add(0, 0, slot, true);
      }
      compute(planner.plan(batch, lengths), batch);
    }
    if (shape.largestChunk() > 1) {
      batch.clear();
      for (int position = 0; position < shape.largestChunk(); position++) {
        batch.add(0, position, 0, position == 0);
      }
      compute(planner.plan(batch, lengths), batch);
    }
  }

  @Override
  public BackendDescription description() {
    return description;
  }

  @Override
  public BackendLimits limits() {
    return limits;
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public void step(StepBatch batch) {
    checkUsable();
    if (!batch.limits().equals(limits)) {
      throw new BackendException(
          "the batch was made for " + batch.limits() + ", not for " + limits);
    }
    long startNanos = System.nanoTime();
    StepPlan plan = planner.plan(batch, lengths);
    compute(plan, batch);
    for (int i = 0; i < batch.count(); i++) {
      lengths[batch.sequences().get(i)]++;
    }
    steps++;
    tokens += batch.count();
    stepNanos += System.nanoTime() - startNanos;
  }

  private void compute(StepPlan plan, StepBatch batch) {
    boolean done = false;
    try {
      packer.pack(plan, batch, lengths, buffers.hostInput());
      gpu.upload(buffers.hostInput(), buffers.input(), plan.inputBytes());
      for (Launch launch : plan.launches()) {
        launcher.launch(launch);
      }
      gpu.download(buffers.output(), buffers.hostOutput(), plan.outputBytes());
      gpu.synchronize();
      packer.unpack(plan, batch, buffers.hostOutput());
      done = true;
    } finally {
      failed |= !done;
    }
  }

  @Override
  public void truncate(int sequence, int fromPosition) {
    checkUsable();
    held.truncate(sequence, fromPosition);
  }

  @Override
  public void copyPrefix(int fromSequence, int toSequence, int prefixTokens) {
    checkUsable();
    held.copyPrefix(fromSequence, toSequence, prefixTokens);
    if (prefixTokens > 0) {
      gpu.copy(buffers.prefix(fromSequence, toSequence, prefixTokens));
    }
  }

  @Override
  public BackendStats stats() {
    return new BackendStats(steps, tokens, stepNanos);
  }

  @Override
  public void close() {
    Thread current = owner;
    if (current != null && current.isAlive()) {
      checkOwner();
    }
    if (closed) {
      return;
    }
    closed = true;
    try {
      launcher.close();
    } finally {
      try {
        engine.close();
      } finally {
        gpu.close();
        if (vocabulary instanceof GgufVocabulary gguf) {
          gguf.close();
        }
      }
    }
  }

  private void checkUsable() {
    checkOwner();
    if (closed) {
      throw new BackendException("the backend is closed");
    }
    if (failed) {
      throw new BackendException("the GPU has failed; restart the worker");
    }
  }

  private void checkOwner() {
    Thread caller = Thread.currentThread();
    Thread current = owner;
    if (current == null) {
      owner = caller;
    } else if (!current.equals(caller)) {
      throw new IllegalStateException(
          "the backend belongs to thread " + current.getName() + ", not " + caller.getName());
    }
  }
}
