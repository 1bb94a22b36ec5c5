/** The worker: uplink, slots, engine. */
@NullMarked
package org.cocoon.worker;

import org.jspecify.annotations.NullMarked;
