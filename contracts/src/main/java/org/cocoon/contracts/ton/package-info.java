/**
 * Cells of the TON Virtual Machine and bags of them. All of it is linear in the number of different
 * cells, whatever an attacker builds of them: docs/adr says why this is not a library's.
 */
@NullMarked
package org.cocoon.contracts.ton;

import org.jspecify.annotations.NullMarked;
