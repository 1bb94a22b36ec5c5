package org.cocoon.worker.engine;

/** What an answer must look like. */
public sealed interface AnswerForm {
  /** Nothing is asked of it. */
  Free FREE = new Free();

  /** Any text. */
  record Free() implements AnswerForm {}

  /** One JSON object. */
  record AnyObject() implements AnswerForm {}

  /**
   * One JSON value.
   *
   * @param schema JSON text of what it is valid under
   */
  record Schema(String schema) implements AnswerForm {}

  /**
   * One call of a tool, as the model writes calls.
   *
   * @param tools JSON array as OpenAI has it
   * @param name of the one to call; empty: any
   */
  record Call(String tools, String name) implements AnswerForm {}
}
