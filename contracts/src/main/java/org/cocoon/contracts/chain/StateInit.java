package org.cocoon.contracts.chain;

import java.util.Optional;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellWriter;

/**
 * What a contract is deployed with; its address is the hash of it.
 *
 * @param code the program
 * @param data its first state
 */
public record StateInit(Cell code, Cell data) {
  /** As a message carries it: code and data and nothing else, TL-B {@code StateInit}. */
  public Cell toCell() {
    return new CellWriter()
        .uint(0, 2)
        .maybeRef(Optional.of(code))
        .maybeRef(Optional.of(data))
        .bit(false)
        .end();
  }

  /** Where it is deployed. */
  public TonAddress address() {
    return new TonAddress(toCell().hash());
  }
}
