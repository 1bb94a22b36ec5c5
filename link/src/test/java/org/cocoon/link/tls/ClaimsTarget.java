package org.cocoon.link.tls;

import java.util.Arrays;
import java.util.List;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.simulated.TestNetwork;
import org.cocoon.link.fuzz.FuzzTarget;

/** The claims in a link certificate: what is read is the one encoding of it. */
public final class ClaimsTarget implements FuzzTarget {
  @Override
  public List<byte[]> seeds() {
    return Arrays.stream(Role.values())
        .map(role -> new Claims(role, TestNetwork.NOW).toDer())
        .toList();
  }

  @Override
  public void take(byte[] input) {
    try {
      if (!Arrays.equals(Claims.parse(input).toDer(), input)) {
        throw new AssertionError("a second encoding of claims was read");
      }
    } catch (DerException e) {
      if (e.getMessage() == null) {
        throw new AssertionError("a refusal without a sentence", e);
      }
    }
  }
}
