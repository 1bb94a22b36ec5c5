package org.cocoon.worker.engine;

import org.jspecify.annotations.Nullable;

/** How a model writes the call of a tool. Whoever shows an answer can read all of these. */
enum CallSyntax {
  /** Hermes, Qwen, and what models are told whose template knows no tools. */
  TAGGED("<tool_call>\n", "arguments", "\n</tool_call>"),
  /** Llama 3: an object and nothing else. */
  BARE("", "parameters", "");

  final String before;

  /** The member of a call that holds its arguments. */
  final String arguments;

  final String after;

  CallSyntax(String before, String arguments, String after) {
    this.before = before;
    this.arguments = arguments;
    this.after = after;
  }

  /** What a chat template teaches. */
  static CallSyntax of(@Nullable String template) {
    boolean isLlama =
        template != null
            && template.contains("\"parameters\"")
            && !template.contains("<tool_call>");
    return isLlama ? BARE : TAGGED;
  }
}
