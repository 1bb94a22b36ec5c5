package org.cocoon.worker.engine;

/**
 * Names one generation.
 *
 * @param link which uplink it came over, a number that the worker chose
 * @param run the router's number for it
 */
public record RunKey(long link, long run) {}
