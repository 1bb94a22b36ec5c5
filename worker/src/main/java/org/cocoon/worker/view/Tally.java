package org.cocoon.worker.view;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.cocoon.worker.engine.EngineLoad;
import org.cocoon.worker.engine.EngineSet;
import org.cocoon.worker.engine.ServedModel;
import org.cocoon.worker.engine.StepListener;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.view.Figures.ModelFigures;

/**
 * Counts what an engine tells on its way to whoever answers it. Counts alone are kept, nothing of
 * any request.
 */
public final class Tally implements StepListener {
  /** Of the average time to the first token, for each new one. */
  private static final double WEIGHT = 0.1;

  private final StepListener next;
  private final LongAdder tokens = new LongAdder();
  private final LongAdder finished = new LongAdder();
  private final LongAdder cancelled = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final AtomicLong firstTokenNanos = new AtomicLong();

  /**
   * Counts for somebody.
   *
   * @param next hears every step after it was counted
   */
  public Tally(StepListener next) {
    this.next = next;
  }

  @Override
  public void stepped(StepOutcome outcome) {
    for (Delta delta : outcome.deltas()) {
      tokens.add(delta.ids().length);
    }
    for (Ended ended : outcome.ended()) {
      switch (ended) {
        case Ended.Finished one when one.reason() == FinishReason.CANCELLED ->
            cancelled.increment();
        case Ended.Finished one -> {
          finished.increment();
          first(one.queueNanos() + one.prefillNanos());
        }
        case Ended.Refused one -> failed.increment();
      }
    }
    next.stepped(outcome);
  }

  private void first(long nanos) {
    firstTokenNanos.updateAndGet(
        before -> before == 0 ? nanos : (long) (before + WEIGHT * (nanos - before)));
  }

  /** What a worker does now. */
  public Figures figures(
      List<ServedModel> models,
      Map<String, EngineLoad> loads,
      Map<String, String> loading,
      long upSeconds,
      Map<String, Boolean> routers,
      long earnedNanoTon,
      long paidNanoTon) {
    EngineLoad load = EngineSet.sum(loads.values());
    return new Figures(
        models.stream().map(model -> figures(model, loads)).toList(),
        loading,
        models.stream().mapToInt(ServedModel::slots).sum(),
        load.running(),
        load.queued(),
        load.decodeTokensPerSecond(),
        load.prefillTokensPerSecond(),
        firstTokenNanos.get() / 1_000_000,
        tokens.sum(),
        finished.sum(),
        cancelled.sum(),
        failed.sum(),
        upSeconds,
        routers,
        earnedNanoTon,
        paidNanoTon);
  }

  private static ModelFigures figures(ServedModel model, Map<String, EngineLoad> loads) {
    return new ModelFigures(
        model.name(),
        model.device(),
        loads.getOrDefault(model.name(), EngineLoad.NONE).running(),
        model.slots());
  }
}
