/**
 * A reference model of the contracts in plain Java, and a test that drives model and TVM through
 * the same random operations and compares them after each.
 */
@NullMarked
package org.cocoon.contracts.model;

import org.jspecify.annotations.NullMarked;
