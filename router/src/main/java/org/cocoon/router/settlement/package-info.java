/**
 * Settles on a chain what the ledger says: follows the contracts, claims from channels, commits to
 * what payees earned, pays them. Plain sequential code on virtual threads; never on the request
 * path, which sees {@link org.cocoon.router.settlement.Settlement} alone.
 */
@NullMarked
package org.cocoon.router.settlement;

import org.jspecify.annotations.NullMarked;
