/** The way of a request: the one place that joins admission, dispatch, fleet, relay and ledger. */
@NullMarked
package org.cocoon.router.path;

import org.jspecify.annotations.NullMarked;
