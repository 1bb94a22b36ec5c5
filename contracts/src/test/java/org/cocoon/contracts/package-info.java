/** Tests of money and what is signed about it. */
@NullMarked
package org.cocoon.contracts;

import org.jspecify.annotations.NullMarked;
