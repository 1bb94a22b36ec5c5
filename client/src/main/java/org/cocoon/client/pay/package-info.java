/**
 * What a client checks and signs about money: receipts, and vouchers that never go back. Plain
 * bytes and files; no chain and no event loop in it.
 */
@NullMarked
package org.cocoon.client.pay;

import org.jspecify.annotations.NullMarked;
