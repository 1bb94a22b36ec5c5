package org.cocoon.contracts.model;

/** Model and TVM disagree, or an invariant does not hold. */
final class Disagreement extends AssertionError {
  private static final long serialVersionUID = 1;

  Disagreement(String what) {
    super(what);
  }

  /** A sentence in the form of String.format, with what it tells. */
  @SuppressWarnings("AnnotateFormatMethod") // its annotations are no dependency of ours
  static void check(boolean holds, String what, Object... details) {
    if (!holds) {
      throw new Disagreement(what.formatted(details));
    }
  }
}
