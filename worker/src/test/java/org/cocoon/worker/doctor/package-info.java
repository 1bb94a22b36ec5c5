@NullMarked
package org.cocoon.worker.doctor;

import org.jspecify.annotations.NullMarked;
