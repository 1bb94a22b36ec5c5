package org.cocoon.backend;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.cocoon.model.ExportedModel;
import org.cocoon.model.ModelFileException;
import org.jspecify.annotations.Nullable;

/**
 * An exported graph (docs/GRAPH.md) on ONNX Runtime's CPU provider: the numeric reference for what
 * the TensorRT backend computes from the same files. Returns all logits of a row.
 *
 * <p>A step in which each sequence has one token is one run over the range of slots that it
 * touches; any other is one run for each sequence. Caches are updated in place.
 *
 * <p>One thread owns it, as {@link Backend} says.
 */
public final class OnnxBackend implements Backend {
  private final BackendLimits limits;
  private final BackendDescription description;
  private final GgufVocabulary vocabulary;
  private final OrtEnvironment environment;
  private final OrtSession session;
  private final OnnxCaches caches;
  private final SequenceLengths held;
  private final int[] lengths;
  private final int[] checkedLengths;
  private boolean closed;
  private long steps;
  private long tokens;
  private long stepNanos;

  /** What one run computes: a range of slots, each with the same number of tokens. */
  private record Run(int firstSlot, int slots, long[] tokens, long[] writeIndices, long[] rows) {}

  private OnnxBackend(
      OnnxOptions options,
      ExportedModel model,
      GgufVocabulary vocabulary,
      OrtEnvironment environment,
      OrtSession session,
      OnnxCaches caches) {
    this.vocabulary = vocabulary;
    this.environment = environment;
    this.session = session;
    this.caches = caches;
    limits =
        new BackendLimits(
            options.sequences(),
            options.contextTokens(),
            options.batchTokens(),
            model.vocabulary(),
            0);
    description =
        new BackendDescription(
            "onnx",
            options.modelName(),
            model.revision() + ":" + model.hash(),
            "cpu (" + options.threads() + (options.threads() == 1 ? " thread)" : " threads)"),
            false);
    held = new SequenceLengths(options.sequences());
    lengths = held.values();
    checkedLengths = new int[options.sequences()];
  }

  /**
   * Checks an export against its hashes and loads it.
   *
   * @throws BackendException if it cannot be used, in a sentence
   */
  public static OnnxBackend open(OnnxOptions options) {
    ExportedModel model = checked(options);
    Path file =
        model
            .vocabularyFile()
            .orElseThrow(
                () ->
                    new BackendException(
                        options.model()
                            + " has no vocabulary; export it again with --vocabulary"
                            + " MODEL.gguf"));
    GgufVocabulary vocabulary = GgufVocabulary.open(options.nativeDir(), file);
    try {
      if (vocabulary.size() != model.vocabulary()) {
        throw new BackendException(
            file
                + " has "
                + vocabulary.size()
                + " tokens, and the graph "
                + model.vocabulary()
                + "; export it again with the right --vocabulary");
      }
      return load(options, model, vocabulary);
    } catch (RuntimeException e) {
      vocabulary.close();
      throw e;
    }
  }

  private static ExportedModel checked(OnnxOptions options) {
    ExportedModel model;
    try {
      model = ExportedModel.open(options.model());
      model.verify(done -> {});
    } catch (ModelFileException e) {
      throw new BackendException(e.getMessage(), e);
    }
    if (options.contextTokens() > model.context()) {
      throw new BackendException(
          "the model has "
              + model.context()
              + " tokens of context, and "
              + options.contextTokens()
              + " were asked for");
    }
    if (model.compute().equals("bfloat16")) {
      throw new BackendException(
          options.model()
              + " computes in bfloat16, which ONNX Runtime cannot do on a CPU; export"
              + " it with --weights f32");
    }
    return model;
  }

  private static OnnxBackend load(
      OnnxOptions options, ExportedModel model, GgufVocabulary vocabulary) {
    try (OrtSession.SessionOptions settings = new OrtSession.SessionOptions()) {
      OrtEnvironment environment =
          OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "cocoon");
      settings.setIntraOpNumThreads(options.threads());
      settings.setInterOpNumThreads(1);
      // Others share the machine.
      settings.addConfigEntry("session.intra_op.allow_spinning", "0");
      // One more than the context, so that an idle slot in a range has room for its padding.
      OnnxCaches caches =
          new OnnxCaches(environment, model, options.sequences(), options.contextTokens() + 1);
      OrtSession session = environment.createSession(model.graph().toString(), settings);
      return new OnnxBackend(options, model, vocabulary, environment, session, caches);
    } catch (OrtException e) {
      throw new BackendException(
          "ONNX Runtime cannot load " + model.graph() + ": " + e.getMessage(), e);
    } catch (ArithmeticException | OutOfMemoryError e) {
      throw new BackendException(
          "there is no memory for caches of "
              + options.sequences()
              + " times "
              + options.contextTokens()
              + " tokens; ask for fewer",
          e);
    } catch (LinkageError e) {
      throw new BackendException("ONNX Runtime is not here or not for this machine: " + e, e);
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
    long startNanos = System.nanoTime();
    checkOpen();
    check(batch);
    try {
      if (eachHasOne(batch)) {
        together(batch);
      } else {
        oneByOne(batch);
      }
    } catch (OrtException e) {
      throw new BackendException(
          "ONNX Runtime could not compute a batch of "
              + batch.count()
              + " tokens: "
              + e.getMessage(),
          e);
    }
    System.arraycopy(checkedLengths, 0, lengths, 0, lengths.length);
    steps++;
    tokens += batch.count();
    stepNanos += System.nanoTime() - startNanos;
  }

  private void check(StepBatch batch) {
    if (!batch.limits().equals(limits)) {
      throw new BackendException(
          "the batch was made for " + batch.limits() + ", not for " + limits);
    }
    if (batch.count() == 0) {
      throw new BackendException("a batch has at least one token");
    }
    System.arraycopy(lengths, 0, checkedLengths, 0, lengths.length);
    for (int i = 0; i < batch.count(); i++) {
      int sequence = batch.sequences().get(i);
      int position = batch.positions().get(i);
      int token = batch.tokens().get(i);
      held.check(sequence);
      if (position != checkedLengths[sequence]
          || position >= limits.contextTokens()
          || token < 0
          || token >= limits.vocabularySize()) {
        throw new BackendException(
            "token " + token + " cannot be at position " + position + " of sequence " + sequence);
      }
      checkedLengths[sequence]++;
    }
  }

  private boolean eachHasOne(StepBatch batch) {
    for (int i = 0; i < batch.count(); i++) {
      int sequence = batch.sequences().get(i);
      if (checkedLengths[sequence] - lengths[sequence] != 1) {
        return false;
      }
    }
    return true;
  }

  /** One run over all slots from the first to the last that has a token; rows in any order. */
  private void together(StepBatch batch) throws OrtException {
    int first = limits.sequences();
    int last = 0;
    for (int i = 0; i < batch.count(); i++) {
      first = Math.min(first, batch.sequences().get(i));
      last = Math.max(last, batch.sequences().get(i));
    }
    int slots = last - first + 1;
    long[] ids = new long[slots];
    long[] rows = new long[batch.count()];
    int wanted = 0;
    for (int i = 0; i < batch.count(); i++) {
      int slot = batch.sequences().get(i) - first;
      ids[slot] = batch.tokens().get(i);
      if (batch.wantLogits().get(i) != 0) {
        rows[wanted++] = slot;
      }
    }
    long[] writeIndices = new long[slots];
    for (int slot = 0; slot < slots; slot++) {
      writeIndices[slot] = lengths[first + slot];
    }
    run(new Run(first, slots, ids, writeIndices, Arrays.copyOf(rows, wanted)), batch, null);
  }

  private void oneByOne(StepBatch batch) throws OrtException {
    for (int sequence = 0; sequence < lengths.length; sequence++) {
      int count = checkedLengths[sequence] - lengths[sequence];
      if (count == 0) {
        continue;
      }
      long[] ids = new long[count];
      long[] rows = new long[count];
      int[] outputRows = new int[count];
      int taken = 0;
      int wanted = 0;
      int row = 0;
      for (int i = 0; i < batch.count(); i++) {
        boolean wants = batch.wantLogits().get(i) != 0;
        if (batch.sequences().get(i) == sequence) {
          if (wants) {
            outputRows[wanted] = row;
            rows[wanted++] = taken;
          }
          ids[taken++] = batch.tokens().get(i);
        }
        row += wants ? 1 : 0;
      }
      long[] writeIndices = {lengths[sequence]};
      Run run = new Run(sequence, 1, ids, writeIndices, Arrays.copyOf(rows, wanted));
      run(run, batch, outputRows);
    }
  }

  /** Runs the graph and copies its logits to the batch's rows, by default 0, 1, and so on. */
  private void run(Run run, StepBatch batch, int @Nullable [] outputRows) throws OrtException {
    // The graph wants at least one row.
    long[] rows = run.rows().length == 0 ? new long[1] : run.rows();
    Map<String, OnnxTensor> inputs = new HashMap<>();
    Map<String, OnnxTensor> outputs = new HashMap<>();
    try {
      int perSlot = run.tokens().length / run.slots();
      inputs.put("token_ids", longs(run.tokens(), run.slots(), perSlot));
      inputs.put("write_indices", longs(run.writeIndices(), run.slots()));
      inputs.put("rows", longs(rows, rows.length));
      caches
          .bind(run.firstSlot(), run.slots())
          .forEach(
              (name, tensor) -> {
                inputs.put("cache_" + name, tensor);
                outputs.put("present_" + name, tensor);
              });
      try (OrtSession.Result result = session.run(inputs, Set.of("logits"), outputs)) {
        OnnxTensor logits = (OnnxTensor) result.get("logits").orElseThrow();
        copy(logits.getFloatBuffer(), run.rows().length, batch, outputRows);
      }
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private void copy(FloatBuffer logits, int rows, StepBatch batch, int @Nullable [] outputRows) {
    int size = limits.vocabularySize();
    for (int i = 0; i < rows; i++) {
      int row = outputRows == null ? i : outputRows[i];
      batch.logits().put(row * size, logits, i * size, size);
    }
  }

  private OnnxTensor longs(long[] values, long... shape) throws OrtException {
    LongBuffer buffer =
        ByteBuffer.allocateDirect(values.length * Long.BYTES)
            .order(ByteOrder.nativeOrder())
            .asLongBuffer();
    return OnnxTensor.createTensor(environment, buffer.put(values).flip(), shape);
  }

  @Override
  public void truncate(int sequence, int fromPosition) {
    checkOpen();
    held.truncate(sequence, fromPosition);
  }

  @Override
  public void copyPrefix(int fromSequence, int toSequence, int prefixTokens) {
    checkOpen();
    held.copyPrefix(fromSequence, toSequence, prefixTokens);
    if (prefixTokens > 0) {
      caches.copy(fromSequence, toSequence, prefixTokens);
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new BackendException("the backend is closed");
    }
  }

  @Override
  public BackendStats stats() {
    return new BackendStats(steps, tokens, stepNanos);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    vocabulary.close();
    try {
      session.close();
    } catch (OrtException e) {
      throw new BackendException("ONNX Runtime could not be closed: " + e.getMessage(), e);
    }
  }
}
