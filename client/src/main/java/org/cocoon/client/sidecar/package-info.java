/**
 * The sidecar: OpenAI's API on localhost, for apps that know nothing of evidence and sealing. It
 * parses and formats; everything that needs trust is in {@link org.cocoon.client.attested}.
 */
@NullMarked
package org.cocoon.client.sidecar;

import org.jspecify.annotations.NullMarked;
