/** What a worker does now, for its owner: on the terminal and on a page of this machine. */
@NullMarked
package org.cocoon.worker.view;

import org.jspecify.annotations.NullMarked;
