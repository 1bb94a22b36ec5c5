/** Sealed runs: prompts that only this worker's group can open, and answers sealed for clients. */
@NullMarked
package org.cocoon.worker.seal;

import org.jspecify.annotations.NullMarked;
