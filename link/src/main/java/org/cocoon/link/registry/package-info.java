/**
 * The registry in force: one contract on TON that says whose evidence is accepted, which models and
 * prices there are, and where routers are; read by every kind of node.
 *
 * <p>This package only reads, and knows as much of the chain as that takes: toncenter's answer
 * about an account, a bag of cells, bytes in a chain of cells, and one dictionary. It signs
 * nothing, sends nothing and needs no library for TON, so that a worker holds no chain code. What
 * it cannot do is prove that an answer is the chain's: whom it asks is trusted together, as {@link
 * org.cocoon.link.registry.RegistryOptions#quorum()} says.
 */
@NullMarked
package org.cocoon.link.registry;

import org.jspecify.annotations.NullMarked;
