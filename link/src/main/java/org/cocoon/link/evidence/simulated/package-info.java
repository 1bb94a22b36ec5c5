/**
 * A simulated TEE: quotes in the exact layout of TDX and reports in that of SEV-SNP, signed under a
 * test root of this network.
 *
 * <p>It protects nothing and says so in its root's name. It gives the production code something
 * real to read, check and refuse on a machine without confidential hardware.
 */
@NullMarked
package org.cocoon.link.evidence.simulated;

import org.jspecify.annotations.NullMarked;
