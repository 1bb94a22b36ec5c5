/** Engines: what turns a request into tokens. The scheduler that shares a backend lives here. */
@NullMarked
package org.cocoon.worker.engine;

import org.jspecify.annotations.NullMarked;
