/**
 * Answers of a given form: a JSON schema becomes a grammar over bytes, the grammar an automaton
 * that is made while it runs, and the automaton says which tokens of a vocabulary may come next.
 *
 * <p>Every text that the automaton accepts is valid under the schema; not every valid text is
 * accepted: the order of properties is the schema's, whitespace is short, and numbers have a
 * bounded length, so that a model cannot go on for ever where nothing asks it to. What the compiler
 * does not understand it refuses by name.
 *
 * <p>Nothing here knows of engines; tokens are numbers and bytes.
 */
@NullMarked
package org.cocoon.worker.constraint;

import org.jspecify.annotations.NullMarked;
