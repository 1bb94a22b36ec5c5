package org.cocoon.worker.uplink;

import io.vertx.core.Vertx;
import java.util.HashSet;
import java.util.Set;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.Run;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.seal.SealedRuns;
import org.cocoon.worker.seal.SealedRuns.Admission;

/**
 * Opens the sealed runs of one session: a key agreement each, which is not the event loop's to
 * compute. State belongs to that loop.
 */
final class Unsealing {
  /** Hears what came of a run, on the event loop. */
  interface Outcome {
    /** It can start, as if it had come in the clear. */
    void opened(RunKey key, Run run);

    /** It cannot. */
    void refused(Run run, FailureCode code, String message);

    /** It was cancelled before it could start. */
    void cancelled(Run run);
  }

  private final Vertx vertx;
  private final SealedRuns sealed;
  private final Outcome outcome;
  private final Set<Long> opening = new HashSet<>();

  Unsealing(Vertx vertx, SealedRuns sealed, Outcome outcome) {
    this.vertx = vertx;
    this.sealed = sealed;
    this.outcome = outcome;
  }

  /** Begins to open a run, whose number must not be used again before the outcome. */
  void begin(RunKey key, Run run) {
    opening.add(run.getRun());
    vertx
        .executeBlocking(() -> sealed.open(key, run), false)
        .otherwise(
            bug ->
                new Admission.Refused(
                    FailureCode.FAILURE_ENGINE, "the sealed prompt could not be opened"))
        // A turn later: what is opened at once must not overtake a cancel in the same message.
        .onSuccess(admission -> vertx.runOnContext(turn -> ended(key, run, admission)));
  }

  private void ended(RunKey key, Run run, Admission admission) {
    if (!opening.remove(run.getRun())) {
      sealed.forget(key);
      outcome.cancelled(run);
      return;
    }
    switch (admission) {
      case Admission.Open(Run inTheClear) -> outcome.opened(key, inTheClear);
      case Admission.Refused(FailureCode code, String message) ->
          outcome.refused(run, code, message);
    }
  }

  /** Cancels a run if it is being opened; false if it is not. */
  boolean cancel(long run) {
    return opening.remove(run);
  }

  /** Cancels all that are being opened. */
  void cancelAll() {
    opening.clear();
  }
}
