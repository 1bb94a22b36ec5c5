package org.cocoon.worker.engine;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.cocoon.backend.Backend;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.EmbeddingBatch;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes vectors of texts, between the steps of the {@link Scheduler}: the mean of a text's last
 * hidden states, of length 1.
 *
 * <p>Texts of several requests share a batch, and requests take turns: one with many texts keeps
 * none with a single one waiting. While answers are computed too, a batch is planned to take at
 * most a quarter of the target of a step, by how long the last ones took, and has {@value #LEAST}
 * tokens at least. So the time between two tokens of an answer grows by
 *
 * <pre>max(target / 4, {@value #LEAST} tokens)</pre>
 *
 * at most, however long the texts are: a text is computed in as many batches as it takes. A failure
 * of the backend here ends these requests and nothing else.
 *
 * <p>Has no thread and no lock: everything is called on the step thread.
 */
final class Embedder {
  private static final Logger log = LoggerFactory.getLogger(Embedder.class);

  /** Tokens of a batch whatever they take. */
  static final int LEAST = 4;

  /** Beside answers, a batch gets one part in so many of a step's target. */
  private static final int PART = 4;

  /** Weight of the last batch in what a token takes. */
  private static final double RECENT = 0.3;

  private final Backend backend;
  private final int contextTokens;
  private final int mostRequests;
  private final double shareNanos;
  private final @Nullable EmbeddingBatch batch;
  private final LongSupplier nanoClock;
  private final @Nullable Lane[] lanes = new @Nullable Lane[EmbeddingBatch.SEQUENCES];

  /** Requests that have not ended; those whose turn to start a text is next come first. */
  private final Map<RunKey, Job> jobs = new LinkedHashMap<>();

  private List<Delta> vectors = new ArrayList<>();
  private List<Ended> ended = new ArrayList<>();
  private RefusalCause closed = RefusalCause.BUSY;
  private String closedWhy = "";
  private double tokenNanos;
  private int cells;
  private int first;

  /** One request. */
  private static final class Job {
    final EmbeddingRequest request;
    final long arrivedNanos;
    List<int[]> texts = List.of();
    int started;
    int made;
    int tokens;

    Job(EmbeddingRequest request, long arrivedNanos) {
      this.request = request;
      this.arrivedNanos = arrivedNanos;
    }
  }

  /** One of the backend's sequences, and the text in it. */
  private static final class Lane {
    final Job job;
    final int index;
    final int[] text;
    int computed;
    int planned;

    Lane(Job job, int index) {
      this.job = job;
      this.index = index;
      this.text = job.texts.get(index);
    }
  }

  /**
   * Makes one that has nothing to do.
   *
   * @param nanoClock monotonic
   */
  Embedder(Backend backend, EngineOptions options, LongSupplier nanoClock) {
    this.backend = backend;
    this.nanoClock = nanoClock;
    contextTokens = backend.limits().contextTokens();
    mostRequests = options.maxQueued() + 1;
    shareNanos = options.targetStepMillis() * 1e6 / PART;
    batch = backend.embeddingSize() == 0 ? null : new EmbeddingBatch(backend.embeddingSize());
  }

  /**
   * Takes a request in, whose texts {@link #prepared} brings; returns false where it refused it.
   */
  boolean arrive(EmbeddingRequest request) {
    RunKey key = request.key();
    if (jobs.containsKey(key)) {
      log.warn(
          "request {} repeats the key of one that has not ended; ignored", request.requestId());
      return false;
    }
    if (!closedWhy.isEmpty()) {
      refuse(key, closed, closedWhy);
    } else if (batch == null) {
      refuse(key, RefusalCause.UNSUPPORTED, "this engine makes no embeddings");
    } else if (jobs.size() >= mostRequests) {
      refuse(
          key, RefusalCause.BUSY, "the engine has %d such requests already".formatted(jobs.size()));
    } else {
      jobs.put(key, new Job(request, nanoClock.getAsLong()));
      return true;
    }
    return false;
  }

  /** Brings the texts of a request, or says why there are none. */
  void prepared(RunKey key, EmbeddingDesk.Prepared prepared) {
    Job job = jobs.get(key);
    if (job == null) {
      return; // it was cancelled in the meantime
    }
    switch (prepared) {
      case EmbeddingDesk.Prepared.Texts(List<int[]> tokens) -> {
        job.texts = tokens;
        job.tokens = tokens.stream().mapToInt(text -> text.length).sum();
      }
      case EmbeddingDesk.Prepared.Rejected(RefusalCause cause, String message) -> {
        jobs.remove(key);
        refuse(key, cause, message);
      }
    }
  }

  /** Says that a request's texts could not be looked at. */
  void unprepared(RunKey key, RefusalCause cause, String message) {
    if (jobs.remove(key) != null) {
      refuse(key, cause, message);
    }
  }

  /** Ends a request. */
  void cancel(RunKey key) {
    Job job = jobs.remove(key);
    if (job != null) {
      clear(job);
      end(job, FinishReason.CANCELLED);
    }
  }

  /** Ends everything, and refuses what arrives from now on. */
  void shut(RefusalCause cause, String message) {
    closed = cause;
    closedWhy = message;
    refuseAll(cause, message);
  }

  /** Whether {@link #step} would do or tell anything. */
  boolean hasWork() {
    if (!vectors.isEmpty() || !ended.isEmpty()) {
      return true;
    }
    for (Job job : jobs.values()) {
      if (!job.texts.isEmpty()) {
        return true;
      }
    }
    return false;
  }

  /**
   * Computes one batch, and tells what came of it and of all calls since the last one.
   *
   * @param beside whether answers are being computed, too
   */
  StepOutcome step(boolean beside) {
    EmbeddingBatch filling = batch;
    if (filling != null) {
      fillLanes(filling);
      plan(filling, beside);
      if (filling.count() > 0) {
        compute(filling);
      }
    }
    return takeOutcome();
  }

  /** What there is to tell, without computing anything. */
  StepOutcome takeOutcome() {
    StepOutcome outcome = new StepOutcome(vectors, ended);
    vectors = new ArrayList<>();
    ended = new ArrayList<>();
    return outcome;
  }

  private void fillLanes(EmbeddingBatch filling) {
    for (int i = 0; i < lanes.length; i++) {
      Job next = lanes[i] == null ? next() : null;
      if (next == null) {
        continue;
      }
      Lane lane = new Lane(next, next.started++);
      cells += lane.text.length;
      lanes[i] = lane;
      filling.begin(i);
      jobs.remove(next.request.key()); // and to the end of the line
      jobs.put(next.request.key(), next);
    }
  }

  /** The next request with a text to start, unless there is no room for it yet. */
  private @Nullable Job next() {
    for (Job job : jobs.values()) {
      if (job.started < job.texts.size()) {
        return cells + job.texts.get(job.started).length <= contextTokens ? job : null;
      }
    }
    return null;
  }

  private void plan(EmbeddingBatch filling, boolean beside) {
    filling.clear();
    int limit = EmbeddingBatch.TOKENS;
    if (beside && shareNanos > 0) {
      double affordable = tokenNanos == 0 ? LEAST : shareNanos / tokenNanos;
      limit = (int) Math.clamp(affordable, LEAST, limit);
    }
    for (int i = 0; i < lanes.length; i++) {
      int sequence = (first + i) % lanes.length;
      Lane lane = lanes[sequence];
      if (lane == null) {
        continue;
      }
      lane.planned = Math.min(lane.text.length, lane.computed + limit - filling.count());
      for (int at = lane.computed; at < lane.planned; at++) {
        filling.add(lane.text[at], at, sequence);
      }
    }
    first = (first + 1) % lanes.length;
  }

  private void compute(EmbeddingBatch filling) {
    long start = nanoClock.getAsLong();
    try {
      backend.embed(filling);
    } catch (BackendException failure) {
      log.error("event=embedding_failed", failure);
      refuseAll(RefusalCause.ENGINE, "the engine could not embed; another worker may");
      return;
    }
    double took = (nanoClock.getAsLong() - start) / (double) filling.count();
    tokenNanos += tokenNanos == 0 ? took : RECENT * (took - tokenNanos);
    for (int i = 0; i < lanes.length; i++) {
      Lane lane = lanes[i];
      if (lane != null) {
        lane.computed = lane.planned;
        if (lane.computed == lane.text.length) {
          made(lane, i, filling.vector(i));
        }
      }
    }
  }

  private void made(Lane lane, int sequence, float[] vector) {
    Job job = lane.job;
    free(sequence);
    for (float value : vector) {
      if (!Float.isFinite(value)) {
        jobs.remove(job.request.key());
        clear(job);
        refuse(job.request.key(), RefusalCause.ENGINE, "the model gave no finite vector");
        return;
      }
    }
    vectors.add(Delta.vector(job.request.key(), lane.index, vector));
    if (++job.made == job.texts.size()) {
      jobs.remove(job.request.key());
      end(job, FinishReason.STOP);
    }
  }

  /** Takes a request's texts out of their lanes. */
  private void clear(Job job) {
    for (int i = 0; i < lanes.length; i++) {
      Lane lane = lanes[i];
      if (lane != null && lane.job == job) {
        free(i);
      }
    }
  }

  private void free(int sequence) {
    Lane lane = lanes[sequence];
    if (lane != null) {
      cells -= lane.text.length;
      lanes[sequence] = null;
      backend.forgetEmbedding(sequence);
    }
  }

  private void refuseAll(RefusalCause cause, String message) {
    for (Job job : List.copyOf(jobs.values())) {
      jobs.remove(job.request.key());
      clear(job);
      refuse(job.request.key(), cause, message);
    }
  }

  private void refuse(RunKey key, RefusalCause cause, String message) {
    ended.add(new Ended.Refused(key, cause, message, EmbeddingDesk.PARAM));
  }

  private void end(Job job, FinishReason reason) {
    long took = nanoClock.getAsLong() - job.arrivedNanos;
    ended.add(new Ended.Finished(job.request.key(), reason, null, job.tokens, 0, 0, 0, took, 0));
  }

  /** The load of the scheduler's generations, and of these requests. */
  EngineLoad beside(EngineLoad generations) {
    if (jobs.isEmpty()) {
      return generations;
    }
    long left = 0;
    for (Job job : jobs.values()) {
      left += job.tokens;
    }
    return new EngineLoad(
        generations.running(),
        generations.queued() + jobs.size(),
        generations.queuedPromptTokens() + left,
        generations.decodeTokensPerSecond(),
        generations.prefillTokensPerSecond());
  }
}
