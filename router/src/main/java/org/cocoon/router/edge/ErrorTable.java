package org.cocoon.router.edge;

import org.cocoon.link.openai.ErrorObject;
import org.cocoon.router.request.Refusal;

/** The one table from refusals to HTTP, in OpenAI's shape. */
final class ErrorTable {
  private ErrorTable() {}

  /**
   * How one kind of refusal looks outside.
   *
   * @param status of HTTP
   * @param type OpenAI's error.type
   * @param code OpenAI's error.code
   * @param retry whether the same request may succeed later
   */
  record Row(int status, String type, String code, boolean retry) {}

  static Row row(Refusal.Kind kind) {
    return switch (kind) {
      case BAD_REQUEST -> new Row(400, "invalid_request_error", "invalid_request", false);
      case UNAUTHORIZED -> new Row(401, "authentication_error", "invalid_api_key", false);
      case INSUFFICIENT_BALANCE ->
          new Row(402, "insufficient_quota", "insufficient_balance", false);
      case INVALID_STATEMENT -> new Row(400, "invalid_request_error", "invalid_statement", false);
      case NO_SETTLEMENT -> new Row(404, "invalid_request_error", "no_settlement", false);
      case NO_CHANNEL -> new Row(404, "invalid_request_error", "no_channel", false);
      case CHANNEL_TAKEN -> new Row(409, "invalid_request_error", "channel_taken", false);
      case WITHDRAWAL_STATE -> new Row(409, "invalid_request_error", "withdrawal_state", false);
      case UNKNOWN_KEY -> new Row(404, "invalid_request_error", "key_not_found", false);
      case KEY_REFUSED -> new Row(409, "invalid_request_error", "key_refused", false);
      case TOO_MANY_ACCOUNTS -> new Row(429, "rate_limit_error", "too_many_accounts", true);
      case UNKNOWN_MODEL -> new Row(404, "invalid_request_error", "model_not_found", false);
      case NOT_FOUND -> new Row(404, "invalid_request_error", "unknown_path", false);
      case METHOD_NOT_ALLOWED -> new Row(405, "invalid_request_error", "method_not_allowed", false);
      case SEALED_KEY_UNKNOWN -> new Row(409, "sealed_key_unknown", "sealed_key_unknown", false);
      case BODY_TIMEOUT -> new Row(408, "timeout_error", "body_timeout", true);
      case BODY_TOO_LARGE -> new Row(413, "invalid_request_error", "body_too_large", false);
      case PROMPT_TOO_LONG ->
          new Row(413, "invalid_request_error", "context_length_exceeded", false);
      case TOO_MANY_IN_FLIGHT -> new Row(429, "rate_limit_error", "too_many_in_flight", true);
      case QUEUE_FULL -> new Row(429, "rate_limit_error", "queue_full", true);
      case DEADLINE -> new Row(408, "timeout_error", "deadline_exceeded", true);
      case NO_FIRST_TOKEN -> new Row(504, "timeout_error", "no_first_token", true);
      case CLIENT_STALLED -> new Row(408, "timeout_error", "client_stalled", false);
      case WORKER_FAILED -> new Row(502, "server_error", "worker_failed", true);
      case NO_WORKER -> new Row(503, "server_error", "no_worker", true);
      case DRAINING -> new Row(503, "server_error", "draining", true);
      case LEDGER_UNAVAILABLE -> new Row(503, "server_error", "ledger_unavailable", true);
      case INTERNAL -> new Row(500, "server_error", "internal", true);
    };
  }

  /** The body, in OpenAI's shape. */
  static String json(Refusal refusal) {
    Row row = row(refusal.kind());
    return ErrorObject.json(refusal.message(), row.type, refusal.param(), row.code);
  }
}
