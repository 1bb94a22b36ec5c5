package org.cocoon.link.evidence;

import java.util.Locale;

/** Which of Intel's two authorities issued a platform's certificate; each has its own CRL. */
public enum CaType {
  /** Machines with one processor. */
  PROCESSOR("Processor CA"),
  /** Machines with several, which register as a whole. TDX platforms are of this kind. */
  PLATFORM("Platform CA");

  private final String mark;

  CaType(String mark) {
    this.mark = mark;
  }

  /** Its name in addresses of collateral: "processor" or "platform". */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What its common name ends with. */
  String mark() {
    return mark;
  }
}
