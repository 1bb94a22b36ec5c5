package org.cocoon.worker.engine;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Where requests are made ready, away from the step thread: templates and long prompts take time.
 */
@FunctionalInterface
interface PromptDesk {

  /**
   * Hands a request in.
   *
   * @param done hears the outcome, on the step thread
   * @return null where the desk is full
   */
  @Nullable Ticket prepare(GenerationRequest request, Consumer<Preparation> done);

  /** A place in the queue before the desk. */
  @FunctionalInterface
  interface Ticket {

    /** Gives the place back, if the request has not been looked at yet. */
    void withdraw();
  }
}
