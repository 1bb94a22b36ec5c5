package org.cocoon.contracts.model;

import java.util.List;

/** What random operations must bring about, or the test has not tried what it is for. */
final class Required {
  static final List<String> OUTCOMES =
      List.of(
          "claim: ok");

  private Required() {}
}
