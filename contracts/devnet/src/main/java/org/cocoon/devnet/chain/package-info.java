/**
 * A chain of one node: accounts, messages in the order of their logical time, blocks, a log that
 * survives a crash, faults on demand, and a faucet. Everything in it belongs to one thread.
 */
@NullMarked
package org.cocoon.devnet.chain;

import org.jspecify.annotations.NullMarked;
