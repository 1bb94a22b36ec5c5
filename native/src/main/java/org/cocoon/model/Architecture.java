package org.cocoon.model;

/** Families of models that can be exported. */
enum Architecture {
  /** Llama and what has its shape: SmolLM2, Mistral. */
  LLAMA("llama"),
  /** Gemma 3, text only. */
  GEMMA3("gemma3");

  private final String label;

  Architecture(String label) {
    this.label = label;
  }

  /** The name in GGUF files and in model.json. */
  String label() {
    return label;
  }
}
