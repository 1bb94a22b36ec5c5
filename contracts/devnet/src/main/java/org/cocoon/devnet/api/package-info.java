/** HTTP: toncenter's API, version 2, the devnet's own controls, and the explorer. */
@NullMarked
package org.cocoon.devnet.api;

import org.jspecify.annotations.NullMarked;
