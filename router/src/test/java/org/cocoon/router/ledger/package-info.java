/** Tests of the ledger against a real PostgreSQL. */
@NullMarked
package org.cocoon.router.ledger;

import org.jspecify.annotations.NullMarked;
