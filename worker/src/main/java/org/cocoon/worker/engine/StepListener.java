package org.cocoon.worker.engine;

/** Hears what each step of an engine did. Called on the engine's step thread; must not block. */
@FunctionalInterface
public interface StepListener {

  /**
   * One step ended.
   *
   * @param outcome what it produced; the listener may keep it
   */
  void stepped(StepOutcome outcome);
}
