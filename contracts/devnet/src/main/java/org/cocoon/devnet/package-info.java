/** An embedded TON network of one node, for development: real TVM, simulated consensus. */
@NullMarked
package org.cocoon.devnet;

import org.jspecify.annotations.NullMarked;
