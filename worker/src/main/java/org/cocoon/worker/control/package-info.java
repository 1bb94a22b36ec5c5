/** How an operator on this machine tells a running worker to take a model in or to give one up. */
@NullMarked
package org.cocoon.worker.control;

import org.jspecify.annotations.NullMarked;
