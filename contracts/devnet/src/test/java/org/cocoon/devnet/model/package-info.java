/** What the contracts should do, in plain Java, to compare the TVM with. */
@NullMarked
package org.cocoon.devnet.model;

import org.jspecify.annotations.NullMarked;
