/** The attached workers and what this router observed of them. */
@NullMarked
package org.cocoon.router.fleet;

import org.jspecify.annotations.NullMarked;
