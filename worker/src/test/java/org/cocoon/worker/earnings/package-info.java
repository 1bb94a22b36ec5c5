@NullMarked
package org.cocoon.worker.earnings;

import org.jspecify.annotations.NullMarked;
