package org.cocoon.worker;

import io.vertx.core.Vertx;
import java.util.OptionalLong;
import org.cocoon.worker.control.ModelSpec;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.StepListener;

/** Makes the engine of a model that an operator names. */
public interface ModelOpener {

  /**
   * Makes it; may block, for as long as a model loads.
   *
   * @param vertx whose loops an engine may use
   * @param listener hears its steps
   * @param loading hears how far it is
   * @throws org.cocoon.backend.BackendException a sentence, if it cannot be had
   * @throws IllegalArgumentException a sentence, if what was said cannot be
   */
  Engine open(ModelSpec spec, Vertx vertx, StepListener listener, Loading loading)
      throws InterruptedException;

  /**
   * The memory that it will take, in bytes, by an estimate; empty where nobody can say.
   *
   * @throws org.cocoon.backend.BackendException a sentence, if its file is none
   */
  OptionalLong bytesNeeded(ModelSpec spec);
}
