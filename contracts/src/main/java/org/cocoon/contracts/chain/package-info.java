/**
 * Talks to a TON network: a client of its HTTP interface that proves what it says, wallets, and the
 * three contracts. Everything blocks, and is meant for virtual threads.
 */
@NullMarked
package org.cocoon.contracts.chain;

import org.jspecify.annotations.NullMarked;
