package org.cocoon.backend;

/**
 * What a backend runs.
 *
 * @param backend "llama", "tensorrt", "onnx" or "fake"
 * @param model the model's name in requests, lower case
 * @param revision "revision:hash"; the hash is that of the weights' file ({@link
 *     org.cocoon.model.ModelHash}), in hex
 * @param device what computes, e.g. "cpu (1 thread, zen4)"
 * @param simulated true when no model is behind it
 */
public record BackendDescription(
    String backend, String model, String revision, String device, boolean simulated) {}
