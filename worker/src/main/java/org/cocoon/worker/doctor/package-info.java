/** What a worker's machine lacks, and what to do about it. */
@NullMarked
package org.cocoon.worker.doctor;

import org.jspecify.annotations.NullMarked;
