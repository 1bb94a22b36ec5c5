package org.cocoon.worker.engine;

import java.util.function.Consumer;

/**
 * Where requests are made ready, away from the step thread: templates and long prompts take time.
 */
@FunctionalInterface
interface PromptDesk {

  /**
   * Hands a request in.
   *
   * @param done hears the outcome, on the step thread
   * @return false where the desk is full
   */
  boolean prepare(GenerationRequest request, Consumer<Preparation> done);
}
