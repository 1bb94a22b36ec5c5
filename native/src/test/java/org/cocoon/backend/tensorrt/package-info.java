/** Tests of the TensorRT backend: on a simulated GPU, and with the real parser and builder. */
@NullMarked
package org.cocoon.backend.tensorrt;

import org.jspecify.annotations.NullMarked;
