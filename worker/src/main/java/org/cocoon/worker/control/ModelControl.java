package org.cocoon.worker.control;

import java.util.List;
import java.util.function.Consumer;

/** What an operator may ask of a running worker; from any thread. */
public interface ModelControl {

  /**
   * Takes a model in; blocks, for as long as it loads.
   *
   * @param told hears how far it is, in a few words each time
   * @return what came of it, a sentence
   * @throws org.cocoon.backend.BackendException a sentence, if it cannot be had
   * @throws IllegalArgumentException the same
   */
  String load(ModelSpec model, Consumer<String> told) throws InterruptedException;

  /** Gives a model up; blocks until its memory is free. The same otherwise. */
  String unload(String name, Consumer<String> told) throws InterruptedException;

  /** The models of now, a line each. */
  List<String> models();
}
