/** The router: edge, admission, dispatch, fleet, relay, with the ledger beside. */
@NullMarked
package org.cocoon.router;

import org.jspecify.annotations.NullMarked;
