package org.cocoon.router.dispatch;

/**
 * What dispatch must know of a request.
 *
 * @param promptTokens expected
 * @param outputTokens expected
 * @param contextTokens that a worker must offer at least
 * @param maxCoefficient the dearest acceptable worker
 * @param mayWait whether the waiting room has a place
 */
public record Demand(
    int promptTokens, int outputTokens, int contextTokens, int maxCoefficient, boolean mayWait) {}
