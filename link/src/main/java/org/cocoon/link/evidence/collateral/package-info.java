/**
 * Where collateral comes from, and how a node keeps it fresh.
 *
 * <p>Nothing that comes from a server or a file is believed here: whoever serves old, wrong or
 * endless data can only make a node refuse its peers. {@link
 * org.cocoon.link.evidence.collateral.RefreshingCollateral} is what a node holds; the sources fill
 * it.
 */
@NullMarked
package org.cocoon.link.evidence.collateral;

import org.jspecify.annotations.NullMarked;
