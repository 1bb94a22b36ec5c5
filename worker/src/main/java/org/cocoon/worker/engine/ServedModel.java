package org.cocoon.worker.engine;

import java.util.List;

/**
 * A model as a worker offers it.
 *
 * @param name its name in requests
 * @param revision "revision:hash"
 * @param contextTokens prompt and answer together, per request
 * @param slots requests that can run at the same time
 * @param features what beyond plain sampling the engine can do: "logprobs", "logit_bias", "json",
 *     "tools", "embeddings"
 * @param device what computes, for people
 * @param simulated true when no model is behind it
 */
public record ServedModel(
    String name,
    String revision,
    int contextTokens,
    int slots,
    List<String> features,
    String device,
    boolean simulated) {}
