/** Commands towards the chain, for operators, owners of workers and clients. */
@NullMarked
package org.cocoon.contracts.tool;

import org.jspecify.annotations.NullMarked;
