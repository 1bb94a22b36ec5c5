package org.cocoon.link.evidence.simulated;

import java.util.concurrent.Callable;
import org.cocoon.link.evidence.Verdict;

/**
 * One line of the corpus: evidence, and how the check of it must end.
 *
 * @param name what is wrong with it
 * @param expected how {@code outcome} begins: {@link #ACCEPTED}, or the reason of refusal and as
 *     much of the detail as tells it from its neighbours
 * @param outcome checks it, and gives "REASON: detail" or {@link #ACCEPTED}
 */
public record BadEvidence(String name, String expected, Callable<String> outcome) {
  /** A control: what is like the bad evidence in all but the fault. */
  public static final String ACCEPTED = "accepted";

  /** A control. */
  public static BadEvidence control(Callable<String> outcome) {
    return new BadEvidence("control: nothing is wrong", ACCEPTED, outcome);
  }

  /** Whether this must be accepted. */
  public boolean isControl() {
    return expected.equals(ACCEPTED);
  }

  static String outcomeOf(Verdict verdict) {
    return switch (verdict) {
      case Verdict.Trusted _ -> ACCEPTED;
      case Verdict.Rejected(Verdict.Reason reason, String detail) -> reason + ": " + detail;
    };
  }
}
