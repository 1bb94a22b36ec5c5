/** Where clients come in: HTTP with server-sent events, and WebSockets. */
@NullMarked
package org.cocoon.router.edge;

import org.jspecify.annotations.NullMarked;
