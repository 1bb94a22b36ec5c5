package org.cocoon.router.request;

import java.util.Locale;
import org.cocoon.link.openai.BadRequestException;
import org.jspecify.annotations.Nullable;

/**
 * Why a request gets no answer, or no more of it.
 *
 * @param kind which of the documented errors
 * @param message a sentence for the caller that says what to do; never holds prompt or answer
 * @param param the parameter at fault, if one is
 * @param retryAfterSeconds when trying again makes sense; 0: not said
 */
public record Refusal(Kind kind, String message, @Nullable String param, int retryAfterSeconds) {

  /** A refusal without a parameter or a time. */
  public static Refusal of(Kind kind, String message) {
    return new Refusal(kind, message, null, 0);
  }

  /** A refusal that names a parameter. */
  public static Refusal ofParam(Kind kind, String param, String message) {
    return new Refusal(kind, message, param, 0);
  }

  /** What is wrong with a body. */
  public static Refusal of(BadRequestException wrong) {
    return new Refusal(Kind.BAD_REQUEST, wrong.message(), wrong.param(), 0);
  }

  /** A refusal that says when to try again. */
  public static Refusal retry(Kind kind, int retryAfterSeconds, String message) {
    return new Refusal(kind, message, null, retryAfterSeconds);
  }

  /** Its kind as logs and metrics write it. */
  public String word() {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  /** The documented errors. */
  public enum Kind {
    /** Not JSON, a wrong type or range, or something the engine cannot do. */
    BAD_REQUEST,
    /** No key, or a key that nobody has. */
    UNAUTHORIZED,
    /** The balance does not cover the most that the request can cost. */
    INSUFFICIENT_BALANCE,
    /** A statement about money that is worthless here: wrong place, signature or time. */
    INVALID_STATEMENT,
    /** This router does not settle on a chain. */
    NO_SETTLEMENT,
    /** The account has no channel. */
    NO_CHANNEL,
    /** The account has another channel, or the channel another account. */
    CHANNEL_TAKEN,
    /** Not possible as the channel stands, or while another withdrawal runs. */
    WITHDRAWAL_STATE,
    /** The account has no such API key. */
    UNKNOWN_KEY,
    /** The account has as many keys as it may have, or the key is another account's. */
    KEY_REFUSED,
    /** More accounts are being opened than this router takes at a time. */
    TOO_MANY_ACCOUNTS,
    /** No attached worker serves this model and none did lately. */
    UNKNOWN_MODEL,
    /** No such path. */
    NOT_FOUND,
    /** The path takes another method. */
    METHOD_NOT_ALLOWED,
    /** Sealed to a group key that no worker has, or has any more. */
    SEALED_KEY_UNKNOWN,
    /** The body did not arrive in time. */
    BODY_TIMEOUT,
    /** The body is over its limit. */
    BODY_TOO_LARGE,
    /** The prompt is over the model's context. */
    PROMPT_TOO_LONG,
    /** Too many requests of this key run at the same time. */
    TOO_MANY_IN_FLIGHT,
    /** The waiting room is full. */
    QUEUE_FULL,
    /** The request's own deadline passed. */
    DEADLINE,
    /** No first token in time. */
    NO_FIRST_TOKEN,
    /** The client read nothing for too long. */
    CLIENT_STALLED,
    /** The worker failed and no other could go on. */
    WORKER_FAILED,
    /** No worker, or none at this price. */
    NO_WORKER,
    /** The router is stopping. */
    DRAINING,
    /** The ledger's database is away and credit is used up. */
    LEDGER_UNAVAILABLE,
    /** A fault of ours. */
    INTERNAL
  }
}
