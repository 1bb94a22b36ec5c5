/**
 * Everything that reads bytes from a stranger, as targets of a fuzzer.
 *
 * <p>{@code bench/fuzz TARGET SECONDS} runs Jazzer on one of them; the regression test takes the
 * seeds, simple changes of them, and every input that once broke something.
 */
@NullMarked
package org.cocoon.link.fuzz;

import org.jspecify.annotations.NullMarked;
