/**
 * What routers owe this worker's owner: checked, and kept so that it can be claimed without them.
 */
@NullMarked
package org.cocoon.worker.earnings;

import org.jspecify.annotations.NullMarked;
