package org.cocoon.router.edge;

import io.vertx.core.Context;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what gathered for each client once per turn of the event loop: what came in one turn goes
 * out in one write, and nothing waits for more.
 */
final class TurnFlusher {
  private static final Logger log = LoggerFactory.getLogger(TurnFlusher.class);

  private final Context context;
  private List<Runnable> dirty = new ArrayList<>();
  private List<Runnable> spare = new ArrayList<>();

  TurnFlusher(Context context) {
    this.context = context;
  }

  /** Runs a flush at the end of this turn; the caller sees to it that it asks once. */
  void later(Runnable flush) {
    if (dirty.isEmpty()) {
      context.runOnContext(ignored -> run());
    }
    dirty.add(flush);
  }

  private void run() {
    List<Runnable> now = dirty;
    dirty = spare;
    spare = now;
    for (int i = 0; i < now.size(); i++) {
      try {
        now.get(i).run();
      } catch (RuntimeException fault) {
        log.error("event=internal_error what=flush", fault); // the others' streams go on
      }
    }
    now.clear();
  }
}
