/** Who has how much, what is reserved, what was used: PostgreSQL, beside the request path. */
@NullMarked
package org.cocoon.router.ledger;

import org.jspecify.annotations.NullMarked;
