/** Chooses a worker: a pure function of a request and what is known of the fleet. */
@NullMarked
package org.cocoon.router.dispatch;

import org.jspecify.annotations.NullMarked;
