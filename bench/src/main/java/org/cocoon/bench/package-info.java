/**
 * The load generator: sends streamed requests to any OpenAI-compatible server on a schedule of its
 * own, measures from the intended send times, and says when its figures are not to be trusted.
 *
 * <p>{@link org.cocoon.bench.LoadGenerator} sends, {@link org.cocoon.bench.Exchange} follows one
 * request and leaves a {@link org.cocoon.bench.RequestRecord}, {@link
 * org.cocoon.bench.Measurements} turns records into figures by fixed definitions, {@link
 * org.cocoon.bench.Validity} judges the run.
 */
@NullMarked
package org.cocoon.bench;

import org.jspecify.annotations.NullMarked;
