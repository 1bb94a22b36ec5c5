package org.cocoon.bench;

/**
 * Why a request has no whole, right answer.
 *
 * @param kind what happened
 * @param detail what tells failures of one kind apart (status and code, or what was closed); never
 *     any of the prompt or the answer
 */
record Failure(Kind kind, String detail) {
  private static final int MAX_DETAIL = 120;

  /** What happened. */
  enum Kind {
    /** An HTTP status other than 200. */
    HTTP("http"),
    /** An error event within the stream. */
    STREAM_ERROR("stream error"),
    /** The connection was refused, reset or closed. */
    CONNECTION("connection"),
    /** No end within the time allowed. */
    TIMEOUT("timeout"),
    /** The response ended properly, but without {@code [DONE]}. */
    TRUNCATED("truncated"),
    /** Something that is not a chat completion chunk. */
    MALFORMED("malformed"),
    /** An answer that is not the one expected. */
    WRONG_TEXT("wrong text"),
    /** The generator's own limit of requests in flight; such a run is not valid. */
    GENERATOR("generator");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** As reports call it. */
    String label() {
      return label;
    }
  }

  Failure {
    if (detail.length() > MAX_DETAIL) {
      detail = detail.substring(0, MAX_DETAIL);
    }
  }

  /** The kind and the detail as one phrase. */
  String phrase() {
    return detail.isEmpty() ? kind.label() : kind.label() + " " + detail;
  }
}
