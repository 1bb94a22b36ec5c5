@NullMarked
package org.cocoon.worker.view;

import org.jspecify.annotations.NullMarked;
