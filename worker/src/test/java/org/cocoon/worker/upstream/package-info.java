@NullMarked
package org.cocoon.worker.upstream;

import org.jspecify.annotations.NullMarked;
