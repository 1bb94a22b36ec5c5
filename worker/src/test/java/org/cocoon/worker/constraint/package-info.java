@NullMarked
package org.cocoon.worker.constraint;

import org.jspecify.annotations.NullMarked;
