package org.cocoon.worker.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Something that answers requests with tokens.
 *
 * <p>All methods may be called from any thread and none blocks. What happens to a request is told
 * to the {@link StepListener} given when the engine was made.
 */
public interface Engine extends AutoCloseable {

  /** The model that this engine serves. */
  ServedModel model();

  /**
   * Accepts a request. Its outcome, including a refusal, arrives at the listener under the
   * request's key.
   *
   * @param request what to generate
   */
  void generate(GenerationRequest request);

  /**
   * Accepts texts of which vectors are to be made. Each is told as a {@link StepOutcome.Delta}
   * under the request's key, in any order, and then the end. An engine that makes none refuses it.
   */
  void embed(EmbeddingRequest request);

  /** Ends a generation at the next step; its slot is free after that. Unknown keys do nothing. */
  void cancel(RunKey key);

  /** Lets a generation send {@code tokens} more; without credit it is skipped by the scheduler. */
  void grant(RunKey key, int tokens);

  /**
   * Completes with the cause when the engine broke, so that the process should be replaced; never
   * where it cannot break.
   */
  default CompletionStage<Throwable> broken() {
    return new CompletableFuture<>();
  }

  /** How busy the engine is now. */
  EngineLoad load();

  /** Ends every generation and frees the model; waits for the current step. */
  @Override
  void close();
}
