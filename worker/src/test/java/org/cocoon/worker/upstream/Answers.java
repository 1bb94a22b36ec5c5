package org.cocoon.worker.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.StepListener;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;

/** Notes what an engine tells of each run. */
final class Answers implements StepListener {
  /** What came of one run until now. */
  static final class Answer {
    final BlockingQueue<Ended> ended = new LinkedBlockingQueue<>();
    final BlockingQueue<Delta> deltas = new LinkedBlockingQueue<>();
    final List<Delta> taken = new ArrayList<>();

    /** Waits for the end. */
    Ended end() throws InterruptedException {
      Ended end = ended.poll(10, TimeUnit.SECONDS);
      if (end == null) {
        throw new AssertionError("the run does not end");
      }
      deltas.drainTo(taken);
      return end;
    }

    Ended.Finished finished() throws InterruptedException {
      return (Ended.Finished) end();
    }

    Ended.Refused refused() throws InterruptedException {
      return (Ended.Refused) end();
    }

    /** Waits for the next delta. */
    Delta next() throws InterruptedException {
      Delta delta = deltas.poll(10, TimeUnit.SECONDS);
      if (delta == null) {
        throw new AssertionError("no text comes");
      }
      taken.add(delta);
      return delta;
    }

    String text() {
      StringBuilder text = new StringBuilder();
      taken.forEach(delta -> text.append(new String(delta.text(), UTF_8)));
      return text.toString();
    }

    int tokens() {
      return taken.stream().mapToInt(delta -> delta.ids().length).sum();
    }
  }

  private final Map<RunKey, Answer> answers = new ConcurrentHashMap<>();

  Answer of(RunKey key) {
    return answers.computeIfAbsent(key, ignored -> new Answer());
  }

  @Override
  public void stepped(StepOutcome outcome) {
    outcome.deltas().forEach(delta -> of(delta.key()).deltas.add(delta));
    outcome.ended().forEach(ended -> of(ended.key()).ended.add(ended));
  }
}
