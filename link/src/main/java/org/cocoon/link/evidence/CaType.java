package org.cocoon.link.evidence;

import java.util.Locale;

/** Which of Intel's two authorities issued a platform's certificate; each has its own CRL. */
public enum CaType {
  /** Machines with one processor. */
  PROCESSOR,
  /** Machines with several, which register as a whole. TDX platforms are of this kind. */
  PLATFORM;

  /** Its name in addresses of collateral: "processor" or "platform". */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
