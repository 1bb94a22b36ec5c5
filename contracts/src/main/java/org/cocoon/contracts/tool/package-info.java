/** {@code ./cocoon chain}: wallets, the root contract, stakes, channels and claims by hand. */
@NullMarked
package org.cocoon.contracts.tool;

import org.jspecify.annotations.NullMarked;
