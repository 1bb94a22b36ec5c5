/**
 * A strict reader of JSON for what is signed or decides about trust: policies and collateral.
 *
 * <p>Lenient readers differ on what a text means (which of two equal keys counts, what a broken
 * character is), and a signature is over the text. This one refuses what readers could disagree on,
 * and gives the text of a nested object as it stood.
 */
@NullMarked
package org.cocoon.link.evidence.json;

import org.jspecify.annotations.NullMarked;
