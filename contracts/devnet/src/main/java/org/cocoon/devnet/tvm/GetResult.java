package org.cocoon.devnet.tvm;

/**
 * What a get-method answered.
 *
 * @param stack the results, a serialised stack in base64
 * @param gasUsed units of gas
 * @param exitCode 0 or 1: fine
 */
public record GetResult(String stack, long gasUsed, int exitCode) {}
