/** What evidence costs: micro-benchmarks of its verification, and of attested TLS handshakes. */
@NullMarked
package org.cocoon.bench.evidence;

import org.jspecify.annotations.NullMarked;
