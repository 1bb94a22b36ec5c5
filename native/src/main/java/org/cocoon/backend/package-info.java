/**
 * What computes logits: one interface, several backends, one native ABI below them.
 *
 * <p>Nothing here knows requests, text formats or networks; the scheduler that drives a backend
 * lives in the worker.
 */
@NullMarked
package org.cocoon.backend;

import org.jspecify.annotations.NullMarked;
