/** Tests of the command line. */
@NullMarked
package org.cocoon.contracts.tool;

import org.jspecify.annotations.NullMarked;
