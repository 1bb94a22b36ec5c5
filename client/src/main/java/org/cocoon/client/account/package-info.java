/**
 * The commands of who pays and of who earns: wallet, deposit, balance, spending, vouchers,
 * withdrawals, keys, receipts and earnings. What a router says is checked on the chain before
 * anything is paid.
 */
@NullMarked
package org.cocoon.client.account;

import org.jspecify.annotations.NullMarked;
