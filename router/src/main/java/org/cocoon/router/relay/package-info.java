/** Carries one answer's tokens from a worker to its client, counting them and holding back. */
@NullMarked
package org.cocoon.router.relay;

import org.jspecify.annotations.NullMarked;
