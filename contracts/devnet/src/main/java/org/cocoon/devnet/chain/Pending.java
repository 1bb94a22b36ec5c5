package org.cocoon.devnet.chain;

import org.cocoon.devnet.cell.Cell;

/**
 * A message that waits for its block.
 *
 * @param message the whole
 * @param time seconds since 1970 before which it is not delivered
 * @param seqno of the first block that may hold it
 */
record Pending(Cell message, long time, long seqno) {}
