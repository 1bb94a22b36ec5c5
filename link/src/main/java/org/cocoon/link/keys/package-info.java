/**
 * Group keys: how a key manager makes them and hands them to attested workers.
 *
 * <p>The key manager ({@link org.cocoon.link.keys.KeyManager}) runs inside a confidential VM of its
 * own and keeps keys in memory alone. A worker follows them over an attested link ({@link
 * org.cocoon.link.keys.KeysLink}); a router passes their statements on and holds no secret.
 */
@NullMarked
package org.cocoon.link.keys;

import org.jspecify.annotations.NullMarked;
