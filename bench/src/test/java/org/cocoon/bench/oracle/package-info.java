/**
 * Our verdicts on TDX quotes beside those of dcap-qvl, an independent implementation.
 *
 * <p>The cases are real and forged quotes and collateral, changed by a seeded generator. The
 * forgeries are made here, not by the simulated TEE, so that it is put to the test as well.
 */
@NullMarked
package org.cocoon.bench.oracle;

import org.jspecify.annotations.NullMarked;
