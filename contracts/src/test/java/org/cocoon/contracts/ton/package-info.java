/** Tests of cells, against another implementation and against attackers. */
@NullMarked
package org.cocoon.contracts.ton;

import org.jspecify.annotations.NullMarked;
