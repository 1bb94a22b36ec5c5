package org.cocoon.link.evidence.collateral;

import java.util.regex.Pattern;
import org.cocoon.link.evidence.CaType;

/**
 * All platforms that share their collateral.
 *
 * @param fmspc family, model, stepping, platform and custom SKU, 12 lower-case hexadecimal digits
 * @param ca who issued their certificates
 */
public record PlatformFamily(String fmspc, CaType ca) {
  private static final Pattern FMSPC = Pattern.compile("[0-9a-f]{12}");

  /** Checks the digits, which become part of addresses and file names. */
  public PlatformFamily {
    if (!FMSPC.matcher(fmspc).matches()) {
      throw new IllegalArgumentException("fmspc must be 12 lower-case hexadecimal digits");
    }
  }

  @Override
  public String toString() {
    return fmspc + "-" + ca.word();
  }
}
