package org.cocoon.worker;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.cocoon.backend.BackendException;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.Sampling;
import org.cocoon.worker.engine.StepListener;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One small answer before any router may ask: a worker whose model is broken must not find that out
 * from its first customer.
 *
 * <p>The most likely tokens after a fixed text are kept by model and device at the first start, and
 * must be the same at later ones. An engine whose logits are no numbers breaks here.
 */
final class SelfTest implements StepListener {
  private static final Logger log = LoggerFactory.getLogger(SelfTest.class);
  private static final String TEXT = "One, two, three, four,";
  private static final int TOKENS = 8;

  /** No link has the number 0. */
  private static final RunKey KEY = new RunKey(0, 0);

  private final StepListener later;
  private final ByteArrayOutputStream answer = new ByteArrayOutputStream();
  private final CompletableFuture<Ended> end = new CompletableFuture<>();

  /**
   * Makes a test that is the engine's listener.
   *
   * @param later hears every step that is not the test's
   */
  SelfTest(StepListener later) {
    this.later = later;
  }

  @Override
  public void stepped(StepOutcome outcome) {
    if (end.isDone()) {
      if (end.isCancelled() || !end.isCompletedExceptionally()) {
        later.stepped(outcome);
      } // what a broken engine still says is of the test
      return;
    }
    for (Delta delta : outcome.deltas()) {
      answer.writeBytes(delta.text());
    }
    outcome.ended().forEach(end::complete);
  }

  /** Passes everything on from now on: an engine without a model has nothing to be tested. */
  void skip() {
    end.cancel(false);
  }

  /**
   * Runs it; blocks.
   *
   * @param engine whose listener this is, and which nobody has asked anything
   * @param state folder in which answers are kept, or null
   * @throws BackendException a sentence, if the engine does not pass
   */
  void run(Engine engine, Duration patience, @Nullable Path state) throws InterruptedException {
    long start = System.nanoTime();
    engine.generate(
        new GenerationRequest(
            KEY,
            "self-test",
            "",
            new Prompt.Text(TEXT),
            Sampling.GREEDY,
            TOKENS,
            List.of(),
            false,
            false,
            0,
            TOKENS,
            0,
            Continuation.NONE));
    switch (ended(engine, patience)) {
      case Ended.Refused refused ->
          throw new BackendException("self-test: the engine gives no answer: " + refused.message());
      case Ended.Finished finished when answer.size() == 0 ->
          throw new BackendException("self-test: the engine's answer has no text");
      case Ended.Finished finished -> compare(engine, state);
    }
    log.info(
        "event=self_test_passed tokens={} millis={}",
        TOKENS,
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
  }

  private Ended ended(Engine engine, Duration patience) throws InterruptedException {
    try {
      engine.broken().thenAccept(end::completeExceptionally);
      return end.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new BackendException("self-test: the engine broke: " + reason(e), e);
    } catch (TimeoutException e) {
      throw new BackendException(
          "self-test: the engine gave no answer within %d s".formatted(patience.toSeconds()), e);
    }
  }

  private static String reason(ExecutionException e) {
    Throwable cause = e.getCause();
    return cause == null ? "it does not say why" : String.valueOf(cause.getMessage());
  }

  private void compare(Engine engine, @Nullable Path state) {
    if (state == null) {
      return;
    }
    String what = engine.model().revision() + '\n' + engine.model().device();
    Path known = state.resolve("self-test-" + hash(what.getBytes(UTF_8)).substring(0, 32));
    String now = hash(answer.toByteArray());
    try {
      if (!Files.exists(known)) {
        Files.createDirectories(state);
        Files.writeString(known, now + '\n');
      } else if (!Files.readString(known).strip().equals(now)) {
        throw new BackendException(
            "self-test: the model answers otherwise than at its first start here; memory, device or library may be faulty. If you changed one of them, remove %s"
                .formatted(known));
      }
    } catch (IOException e) {
      throw new BackendException("self-test: cannot keep its answer: " + e.getMessage(), e);
    }
  }

  private static String hash(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
