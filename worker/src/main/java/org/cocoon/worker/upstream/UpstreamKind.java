package org.cocoon.worker.upstream;

import java.util.List;

/**
 * What kind of server answers, and how its API differs from the others'.
 *
 * <p>Recognised by {@code owned_by} in {@code GET /v1/models}. Parameters that a kind does not take
 * are refused and never dropped in silence: an answer that was sampled otherwise than asked for
 * looks like any other.
 */
public enum UpstreamKind {
  /** vLLM; its chunks tell the usage so far. */
  VLLM("vllm", "vLLM", true, true, true),
  /** SGLang; the same. */
  SGLANG("sglang", "SGLang", true, true, true),
  /** llama.cpp's server; an assistant's message at the end is continued, chunks tell timings. */
  LLAMA_SERVER("llamacpp", "llama-server", true, true, true),
  /** TensorRT-LLM's server. */
  TRTLLM("tensorrt_llm", "trtllm-serve", true, false, false),
  /** Ollama: what it does not know it ignores. */
  OLLAMA("library", "Ollama", false, false, false),
  /** Anything else: only what OpenAI's API has is passed on. */
  OTHER("", "an OpenAI-compatible server", false, false, false);

  private final String owner;
  private final String label;
  private final boolean extended;
  private final boolean continuesText;
  private final boolean looksAtLogits;

  UpstreamKind(
      String owner, String label, boolean extended, boolean continuesText, boolean looksAtLogits) {
    this.owner = owner;
    this.label = label;
    this.extended = extended;
    this.continuesText = continuesText;
    this.looksAtLogits = looksAtLogits;
  }

  /** The kind whose models are owned so; {@link #OTHER} where none is known. */
  static UpstreamKind ofOwner(String ownedBy) {
    for (UpstreamKind kind : values()) {
      if (!kind.owner.isEmpty() && kind.owner.equals(ownedBy)) {
        return kind;
      }
    }
    return OTHER;
  }

  /** Its name for people. */
  public String label() {
    return label;
  }

  /** Whether it takes top_k, min_p, a repetition penalty, ignore_eos and template arguments. */
  boolean isExtended() {
    return extended;
  }

  /** Whether it goes on from an assistant's unfinished message. */
  boolean continuesText() {
    return continuesText;
  }

  /** Features of its models, in the words of the hello. */
  List<String> features() {
    return looksAtLogits ? List.of("logprobs", "logit_bias") : List.of();
  }
}
