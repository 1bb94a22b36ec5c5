package org.cocoon.worker;

import io.vertx.core.Vertx;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.StepListener;

/** Makes the engine of a worker, once there is somebody to listen to it. */
@FunctionalInterface
public interface EngineMaker {

  /**
   * Makes it; may block, for as long as a model loads.
   *
   * @param vertx whose loops an engine may use
   * @param listener hears its steps
   * @throws org.cocoon.backend.BackendException a sentence, if it cannot be had
   */
  Engine open(Vertx vertx, StepListener listener) throws InterruptedException;
}
