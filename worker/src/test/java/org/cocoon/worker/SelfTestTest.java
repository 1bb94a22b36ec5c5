package org.cocoon.worker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.cocoon.backend.BackendException;
import org.cocoon.worker.engine.EmbeddingRequest;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.EngineLoad;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.ServedModel;
import org.cocoon.worker.engine.StepListener;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SelfTestTest {
  private static final Duration PATIENCE = Duration.ofMillis(200);

  private final List<StepOutcome> later = new ArrayList<>();
  private final SelfTest test = new SelfTest(later::add);

  /** Answers as a test says; null: not at all. */
  private static final class Answering implements Engine {
    final CompletableFuture<Throwable> broken = new CompletableFuture<>();
    private final StepListener listener;
    private final StepOutcome outcome;

    Answering(StepListener listener, StepOutcome outcome) {
      this.listener = listener;
      this.outcome = outcome;
    }

    @Override
    public ServedModel model() {
      return new ServedModel("m", "file:1", 100, 1, List.of(), "cpu", false);
    }

    @Override
    public void generate(GenerationRequest request) {
      listener.stepped(outcome);
    }

    @Override
    public void embed(EmbeddingRequest request) {}

    @Override
    public void cancel(RunKey key) {}

    @Override
    public void grant(RunKey key, int tokens) {}

    @Override
    public CompletionStage<Throwable> broken() {
      return broken;
    }

    @Override
    public EngineLoad load() {
      return new EngineLoad(0, 0, 0, 0, 0);
    }

    @Override
    public void close() {}
  }

  private static StepOutcome says(String text) {
    RunKey key = new RunKey(0, 0);
    return new StepOutcome(
        List.of(new Delta(key, new int[] {1}, text.getBytes(UTF_8), List.of())),
        List.of(new Ended.Finished(key, FinishReason.LENGTH, null, 1, 1, 0, 0, 0, 0)));
  }

  private static StepOutcome refuses() {
    return new StepOutcome(
        List.of(), List.of(new Ended.Refused(new RunKey(0, 0), RefusalCause.ENGINE, "no", "")));
  }

  private void run(StepOutcome outcome, Path state) throws InterruptedException {
    SelfTest fresh = new SelfTest(later::add);
    fresh.run(new Answering(fresh, outcome), PATIENCE, state);
  }

  private String fault(StepOutcome outcome) {
    BackendException fault =
        assertThrows(
            BackendException.class, () -> test.run(new Answering(test, outcome), PATIENCE, null));
    return String.valueOf(fault.getMessage());
  }

  @Test
  void wantsTheSameAnswerAtEachStart(@TempDir Path state) throws Exception {
    run(says(" five"), state);
    run(says(" five"), state);
    BackendException other = assertThrows(BackendException.class, () -> run(says(" fife"), state));
    assertTrue(String.valueOf(other.getMessage()).contains("otherwise than at its first start"));
  }

  @Test
  void anEngineThatGivesNothingDoesNotPass() {
    assertTrue(fault(refuses()).contains("gives no answer"));
  }

  @Test
  void anAnswerWithoutTextDoesNotPass() {
    assertTrue(fault(says("")).contains("no text"));
  }

  @Test
  void anEngineThatIsSilentOrBreaksDoesNotPass() {
    assertTrue(fault(new StepOutcome(List.of(), List.of())).contains("no answer within"));
    SelfTest other = new SelfTest(later::add);
    Answering breaking = new Answering(other, new StepOutcome(List.of(), List.of()));
    breaking.broken.complete(new IOException("a row without one number in it"));
    BackendException fault =
        assertThrows(BackendException.class, () -> other.run(breaking, PATIENCE, null));
    assertTrue(String.valueOf(fault.getMessage()).contains("a row without one number in it"));
  }

  @Test
  void whatComesAfterItIsNotItsOwn() throws Exception {
    test.run(new Answering(test, says(" five")), PATIENCE, null);
    assertEquals(0, later.size());
    test.stepped(says("six"));
    assertEquals(1, later.size());
  }
}
