/**
 * Cells of the TON Virtual Machine: the only place that knows the library behind them (ton4j). What
 * leaves it are bytes and this package's own types.
 */
@NullMarked
package org.cocoon.contracts.ton;

import org.jspecify.annotations.NullMarked;
