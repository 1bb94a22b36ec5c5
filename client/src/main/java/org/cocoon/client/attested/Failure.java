package org.cocoon.client.attested;

import org.cocoon.link.openai.BadRequestException;
import org.cocoon.link.openai.ErrorObject;
import org.cocoon.link.tls.PeerVerdict;
import org.jspecify.annotations.Nullable;

/**
 * Why a sealed request got no answer, or no more of it, in the words of OpenAI's errors.
 *
 * @param status of HTTP, for an answer that has not begun
 * @param type OpenAI's error.type, or one of the constants here
 * @param message a sentence that says what happened and what to do; never holds prompt or answer
 * @param param the parameter at fault, if one is
 * @param code OpenAI's error.code
 * @param retry whether the same request may succeed later
 * @param retryAfterSeconds when trying again makes sense; 0: not said
 */
public record Failure(
    int status,
    String type,
    String message,
    @Nullable String param,
    String code,
    boolean retry,
    int retryAfterSeconds) {

  /** The router's evidence is refused: nothing was sent to it, or nothing more. */
  public static final String ROUTER_NOT_TRUSTED = "router_not_trusted";

  /** No statement of a group key could be believed: nothing was sealed. */
  public static final String KEYS_NOT_TRUSTED = "key_manager_not_trusted";

  /** What came is not what the worker sealed: changed, cut, repeated or in another order. */
  public static final String ANSWER_NOT_AUTHENTIC = "answer_not_authentic";

  /** The router's receipt does not hold: it gets no more requests. */
  public static final String ROUTER_OVERCHARGES = "router_overcharges";

  /** Nothing answers at the router's address, or the connection broke. */
  public static final String ROUTER_UNREACHABLE = "router_unreachable";

  /** The router's word for a group key that no worker has any more. */
  public static final String SEALED_KEY_UNKNOWN = "sealed_key_unknown";

  /** The router broke off, or could not be reached. */
  static Failure unreachable(String message) {
    return new Failure(502, ROUTER_UNREACHABLE, message, null, ROUTER_UNREACHABLE, true, 0);
  }

  /** The router's evidence is refused. */
  static Failure routerRefused(PeerVerdict.Refused why) {
    return new Failure(
        502,
        ROUTER_NOT_TRUSTED,
        "The router's evidence is refused, so no prompt is sent to it: %s (%s). %s"
            .formatted(why.reason(), why.detail(), RefusalAdvice.on(why.reason())),
        null,
        why.reason(),
        false,
        0);
  }

  /** The statement of a group key is refused. */
  static Failure keysRefused(String model, String reason, String detail) {
    return new Failure(
        502,
        KEYS_NOT_TRUSTED,
        "The key that prompts for '%s' are sealed to is refused, so nothing is sealed: %s (%s). %s"
            .formatted(model, reason, detail, RefusalAdvice.on(reason)),
        null,
        reason,
        false,
        0);
  }

  /** The answer is not what the worker sealed. */
  static Failure notAuthentic(String why) {
    return new Failure(
        502,
        ANSWER_NOT_AUTHENTIC,
        "The answer is not what the worker sealed for you, and ends here: "
            + why
            + ". What came before is genuine. Ask again; if it happens again, use another router.",
        null,
        ANSWER_NOT_AUTHENTIC,
        true,
        0);
  }

  /** What came from the router is not what a router sends. */
  static Failure notUnderstood(String what) {
    return new Failure(
        502, "server_error", "The router's answer cannot be read: " + what, null, "", true, 0);
  }

  /** The request itself is wrong. */
  public static Failure badRequest(BadRequestException wrong) {
    return new Failure(
        400, "invalid_request_error", wrong.message(), wrong.param(), "invalid_request", false, 0);
  }

  /** The body of an answer: {@code {"error":{"message","type","param","code"}}}. */
  public String json() {
    return ErrorObject.json(message, type, param, code);
  }
}
