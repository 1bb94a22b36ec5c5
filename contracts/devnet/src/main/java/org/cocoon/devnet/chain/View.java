package org.cocoon.devnet.chain;

import java.util.List;
import java.util.Map;
import org.cocoon.devnet.cell.Address;

/**
 * The chain as somebody sees it: now, or, by a fault, some time ago or in another history.
 *
 * @param head newest block
 * @param accounts how they are then
 * @param forked whether this is another history: blocks have other hashes
 */
public record View(Block head, Map<Address, AccountState> accounts, boolean forked) {
  /** An account; {@link AccountState#NONE} where there is none. */
  public AccountState account(Address address) {
    return accounts.getOrDefault(address, AccountState.NONE);
  }

  /** This view under a newer head, as if nothing had happened until then but other blocks. */
  View forked(Block newer) {
    byte[] root = newer.root().clone();
    root[0] ^= (byte) 0xff;
    Block other = new Block(newer.seqno(), newer.time(), head.endLt(), root, List.of());
    return new View(other, accounts, true);
  }
}
