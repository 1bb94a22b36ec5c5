/** TON's cells, their bags, dictionaries and addresses: as much as a devnet needs to read. */
@NullMarked
package org.cocoon.devnet.cell;

import org.jspecify.annotations.NullMarked;
