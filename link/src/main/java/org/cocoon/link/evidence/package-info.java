/**
 * Evidence and verdicts: reads TDX quotes, checks who signed them, and holds them against a policy.
 *
 * <p>It stands alone: the JDK, and a JSON reader for the policy file. It knows no network and no
 * TLS; {@link org.cocoon.link.evidence.EvidenceVerifier} is the way in.
 */
@NullMarked
package org.cocoon.link.evidence;

import org.jspecify.annotations.NullMarked;
