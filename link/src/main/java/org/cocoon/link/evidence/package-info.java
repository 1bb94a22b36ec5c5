/**
 * Evidence and verdicts: reads TDX quotes, checks who signed them, holds the platform against
 * Intel's collateral and the domain against a policy.
 *
 * <p>It stands alone on the JDK. It knows no network and no TLS; {@link
 * org.cocoon.link.evidence.EvidenceVerifier} is the way in.
 */
@NullMarked
package org.cocoon.link.evidence;

import org.jspecify.annotations.NullMarked;
