/** Tests of model files. */
@NullMarked
package org.cocoon.model;

import org.jspecify.annotations.NullMarked;
