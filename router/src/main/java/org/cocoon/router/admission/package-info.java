/** Who may come in: the hold for the most a request can cost, limits, and the waiting room. */
@NullMarked
package org.cocoon.router.admission;

import org.jspecify.annotations.NullMarked;
