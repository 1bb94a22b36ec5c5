/**
 * Sealed storage: files that only the same image in the same role can read again, and that cannot
 * be set back unnoticed.
 *
 * <p>{@link org.cocoon.link.sealing.SealedFile} is the way in. Keys come from the TEE ({@link
 * org.cocoon.link.sealing.SealingKeys}); freshness comes from a counter that lies elsewhere ({@link
 * org.cocoon.link.sealing.MonotonicCounter}). Everything blocks: use a virtual thread.
 */
@NullMarked
package org.cocoon.link.sealing;

import org.jspecify.annotations.NullMarked;
