@NullMarked
package org.cocoon.worker.control;

import org.jspecify.annotations.NullMarked;
