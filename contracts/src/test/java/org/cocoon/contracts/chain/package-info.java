/** Tests of the client, the wallet and the contracts' messages. */
@NullMarked
package org.cocoon.contracts.chain;

import org.jspecify.annotations.NullMarked;
