/**
 * What all programs of a network share: the options about evidence, the TEE that a program runs in,
 * and what it accepts of its peers.
 */
@NullMarked
package org.cocoon.link.node;

import org.jspecify.annotations.NullMarked;
