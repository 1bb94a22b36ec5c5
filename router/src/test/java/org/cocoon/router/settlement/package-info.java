@NullMarked
package org.cocoon.router.settlement;

import org.jspecify.annotations.NullMarked;
