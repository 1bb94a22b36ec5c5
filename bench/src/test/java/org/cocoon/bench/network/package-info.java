/** Whole networks on loopback: a router, workers as processes of their own, real PostgreSQL. */
@NullMarked
package org.cocoon.bench.network;

import org.jspecify.annotations.NullMarked;
