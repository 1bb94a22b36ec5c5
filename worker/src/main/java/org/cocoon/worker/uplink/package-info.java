/** The worker's links to its routers: it dials, attaches, and carries runs and tokens. */
@NullMarked
package org.cocoon.worker.uplink;

import org.jspecify.annotations.NullMarked;
