/**
 * AMD SEV-SNP: reads attestation reports, checks who signed them, and holds them against a policy.
 *
 * <p>{@link org.cocoon.link.evidence.snp.SnpVerifier} is the way in. From AMD's "SEV Secure Nested
 * Paging Firmware ABI Specification" (56860), "Versioned Chip Endorsement Key Certificate and KDS
 * Interface Specification" (57230) and "GHCB Standardization" (56421). JDK only.
 */
@NullMarked
package org.cocoon.link.evidence.snp;

import org.jspecify.annotations.NullMarked;
