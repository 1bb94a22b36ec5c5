package org.cocoon.link.evidence;

import java.util.Locale;

/** What a policy asks of a role's GPU evidence. */
public enum GpuRule {
  /** A node must prove its GPUs. */
  REQUIRED,
  /** A node may prove its GPUs; what it proves must hold. */
  OPTIONAL,
  /** A node must not bring GPU evidence. */
  FORBIDDEN;

  /** Its word in policy files, for example "required". */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
