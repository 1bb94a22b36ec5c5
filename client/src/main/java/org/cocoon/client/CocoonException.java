package org.cocoon.client;

import java.time.Duration;
import java.util.Optional;

/** Why a call did not get its answer: the server refused it, or could not be reached. */
public final class CocoonException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What went wrong, as far as the caller can act on it. */
  public enum Kind {
    /** Nothing answers at the address. */
    UNREACHABLE,
    /** The request is wrong: 400, 404, 405, 413 and the like. */
    REJECTED,
    /** The key is missing or unknown: 401. */
    UNAUTHORISED,
    /** The key may not do this: 403. */
    FORBIDDEN,
    /** The balance is too small: 402. */
    UNFUNDED,
    /** A limit is reached: 429. */
    LIMITED,
    /** Nobody can serve this now: 503. */
    UNAVAILABLE,
    /** It took too long: 408, 504, or no byte for the client's own bound. */
    TIMED_OUT,
    /** The server failed: another 5xx, or an error within the stream. */
    FAILED,
    /** The stream ended before its end mark. */
    TRUNCATED,
    /** What came is not what an OpenAI-compatible server sends. */
    NOT_UNDERSTOOD
  }

  private final Kind kind;
  private final int status;
  private final String code;
  private final transient Optional<Duration> retryAfter;

  CocoonException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
    this.status = 0;
    this.code = "";
    this.retryAfter = Optional.empty();
  }

  /** Without an answer of HTTP. */
  public CocoonException(Kind kind, String message) {
    this(kind, 0, "", message, Optional.empty());
  }

  CocoonException(
      Kind kind, int status, String code, String message, Optional<Duration> retryAfter) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** What went wrong. */
  public Kind kind() {
    return kind;
  }

  /** The HTTP status, or 0 where there was no such answer. */
  public int status() {
    return status;
  }

  /** The server's {@code error.code}, or empty. */
  public String code() {
    return code;
  }

  /** How long the server asked to wait before another try. */
  public Optional<Duration> retryAfter() {
    return retryAfter;
  }

  static Kind kindOf(int status) {
    return switch (status) {
      case 401 -> Kind.UNAUTHORISED;
      case 402 -> Kind.UNFUNDED;
      case 403 -> Kind.FORBIDDEN;
      case 408, 504 -> Kind.TIMED_OUT;
      case 429 -> Kind.LIMITED;
      case 503 -> Kind.UNAVAILABLE;
      default -> status >= 500 ? Kind.FAILED : Kind.REJECTED;
    };
  }
}
