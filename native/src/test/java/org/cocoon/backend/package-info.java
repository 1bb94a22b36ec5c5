/** Tests of the backends; those of llama.cpp use a real model. */
@NullMarked
package org.cocoon.backend;

import org.jspecify.annotations.NullMarked;
