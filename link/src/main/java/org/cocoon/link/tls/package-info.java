/**
 * Attested TLS: a connection that comes up only if each end believes the other's evidence.
 *
 * <p>Each end holds a key that its TEE vouches for ({@link org.cocoon.link.tls.LinkIdentity}), and
 * checks the other's ({@link org.cocoon.link.tls.PeerVerifier}); {@link
 * org.cocoon.link.tls.AttestedTls} makes servers and clients of both.
 */
@NullMarked
package org.cocoon.link.tls;

import org.jspecify.annotations.NullMarked;
