package org.cocoon.backend;

/**
 * Counters of a backend since it was opened.
 *
 * @param steps calls of {@link Backend#step}
 * @param tokens tokens computed, of prompts and answers
 * @param stepNanos time spent in steps, in nanoseconds
 */
public record BackendStats(long steps, long tokens, long stepNanos) {}
