@NullMarked
package org.cocoon.worker;

import org.jspecify.annotations.NullMarked;
