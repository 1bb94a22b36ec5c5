/**
 * A client that tells its prompts to attested code only: it verifies the router in the TLS
 * handshake and the key manager by its statements, seals each prompt to the model's group key, and
 * opens the answers. {@link org.cocoon.client.attested.SealedClient} is for programs; the sidecar
 * is built on the same {@link org.cocoon.client.attested.SealedSession}.
 */
@NullMarked
package org.cocoon.client.attested;

import org.jspecify.annotations.NullMarked;
