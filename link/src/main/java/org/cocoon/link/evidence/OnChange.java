package org.cocoon.link.evidence;

import java.util.Locale;

/** What becomes of a link whose evidence a new policy or new collateral no longer allows. */
public enum OnChange {
  /** It ends at once; requests on it go on elsewhere. */
  END,
  /** It takes no new requests and ends with its last one. */
  DRAIN;

  /** Its word in policy files: "end" or "drain". */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
