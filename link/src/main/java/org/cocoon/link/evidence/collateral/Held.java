package org.cocoon.link.evidence.collateral;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.cocoon.link.evidence.Collateral;

/**
 * Collateral that a node holds: the newest issue of each part that it has seen.
 *
 * @param collateral the parts together
 * @param edition which issues they are
 */
record Held(Collateral collateral, Edition edition) {

  /**
   * Takes over each part of a fresh answer that does not go back. A server with old data can thus
   * keep a node from learning something, but not make it forget.
   *
   * @return empty if nothing changes
   */
  Optional<Held> updatedBy(Held fresh) {
    Collateral old = collateral;
    Collateral next = fresh.collateral;
    boolean tcb = fresh.edition.tcbInfo().follows(edition.tcbInfo());
    boolean qe = fresh.edition.qeIdentity().follows(edition.qeIdentity());
    boolean pck = fresh.edition.pckCrl().follows(edition.pckCrl());
    boolean root = fresh.edition.rootCaCrl().follows(edition.rootCaCrl());
    Collateral merged =
        new Collateral(
            (pck ? next : old).pckCrlIssuerChain(),
            (root ? next : old).rootCaCrl(),
            (pck ? next : old).pckCrl(),
            (tcb ? next : old).tcbInfoIssuerChain(),
            (tcb ? next : old).tcbInfo(),
            (tcb ? next : old).tcbInfoSignature(),
            (qe ? next : old).qeIdentityIssuerChain(),
            (qe ? next : old).qeIdentity(),
            (qe ? next : old).qeIdentitySignature());
    if (sameBytes(merged, old)) {
      return Optional.empty();
    }
    return Optional.of(
        new Held(
            merged,
            new Edition(
                edition.family(),
                (tcb ? fresh : this).edition.tcbInfo(),
                (qe ? fresh : this).edition.qeIdentity(),
                (pck ? fresh : this).edition.pckCrl(),
                (root ? fresh : this).edition.rootCaCrl())));
  }

  /** Which parts of a fresh answer are older than what is held, in words; empty if none is. */
  List<String> olderIn(Held fresh) {
    List<String> older = new ArrayList<>();
    for (int i = 0; i < edition.parts().size(); i++) {
      Edition.Part held = edition.parts().get(i);
      Edition.Part offered = fresh.edition.parts().get(i);
      if (!offered.follows(held)) {
        older.add(offered + " goes back behind " + held);
      }
    }
    return older;
  }

  private static boolean sameBytes(Collateral one, Collateral other) {
    return one.pckCrlIssuerChain().equals(other.pckCrlIssuerChain())
        && one.tcbInfoIssuerChain().equals(other.tcbInfoIssuerChain())
        && one.tcbInfo().equals(other.tcbInfo())
        && one.qeIdentityIssuerChain().equals(other.qeIdentityIssuerChain())
        && one.qeIdentity().equals(other.qeIdentity())
        && Arrays.equals(one.rootCaCrl(), other.rootCaCrl())
        && Arrays.equals(one.pckCrl(), other.pckCrl())
        && Arrays.equals(one.tcbInfoSignature(), other.tcbInfoSignature())
        && Arrays.equals(one.qeIdentitySignature(), other.qeIdentitySignature());
  }
}
