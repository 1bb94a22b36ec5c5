package org.cocoon.router.path;

import org.cocoon.link.wire.Failed;
import org.cocoon.router.dispatch.Decision;
import org.cocoon.router.request.InferenceRequest;
import org.cocoon.router.request.Refusal;
import org.cocoon.router.request.Refusal.Kind;
import org.jspecify.annotations.Nullable;

/** What the request path says to those whom it gives no answer, or no more of one. */
final class Refusals {
  /** Of what a worker says to the caller. */
  private static final int MOST_MESSAGE_CHARS = 500;

  /** Of a model's name, which is the caller's. */
  private static final int MOST_NAME_CHARS = 80;

  private Refusals() {}

  // ------------------------------------------------------------------ before a worker

  static Refusal draining() {
    return Refusal.retry(Kind.DRAINING, 1, "This router is stopping; use another one.");
  }

  static Refusal unknownModel(String model) {
    return Refusal.ofParam(
        Kind.UNKNOWN_MODEL,
        "model",
        "The model '%s' does not exist here; GET /v1/models lists what does."
            .formatted(shortened(model, MOST_NAME_CHARS)));
  }

  static Refusal neverSealed(String model) {
    return Refusal.ofParam(
        Kind.UNKNOWN_MODEL,
        "model",
        "No worker takes sealed prompts for '%s'; GET /v1/models says which models have such workers."
            .formatted(shortened(model, MOST_NAME_CHARS)));
  }

  static Refusal unfeatured(String model, String param) {
    if (param.equals("input")) {
      return Refusal.ofParam(
          Kind.BAD_REQUEST,
          "model",
          "No worker that serves '%s' makes embeddings: GET /v1/models says which models have workers that do."
              .formatted(shortened(model, MOST_NAME_CHARS)));
    }
    return Refusal.ofParam(
        Kind.BAD_REQUEST,
        param,
        "No worker that serves '%s' can do '%s': leave it out, or use another model."
            .formatted(shortened(model, MOST_NAME_CHARS), param));
  }

  static Refusal tooManyInFlight(int limit) {
    return Refusal.retry(
        Kind.TOO_MANY_IN_FLIGHT,
        1,
        "This key already has %d requests running, which is its limit.".formatted(limit));
  }

  /** Why dispatch did not give it to a worker, after so many attempts. */
  static Refusal unplaced(
      Decision.Refused why, InferenceRequest request, int attempts, RequestPath path) {
    return switch (why) {
      case NO_WORKER ->
          attempts > 0
              ? Refusal.retry(Kind.WORKER_FAILED, 2, "The worker failed and no other could go on.")
              : noWorker(request);
      case TOO_DEAR ->
          new Refusal(
              Kind.NO_WORKER,
              "No worker serves this model at max_coefficient %d; the lowest now is %d."
                  .formatted(request.maxCoefficient(), path.lowestCoefficient(request)),
              "max_coefficient",
              5);
      case CONTEXT_TOO_SHORT ->
          Refusal.ofParam(Kind.PROMPT_TOO_LONG, "messages", "No worker has a context this long.");
      case QUEUE_FULL ->
          Refusal.retry(
              Kind.QUEUE_FULL,
              1,
              "All workers are busy and %d requests wait already."
                  .formatted(path.limits().waitingRoom()));
    };
  }

  private static Refusal noWorker(InferenceRequest request) {
    String sentence =
        request.sealed()
            ? "No worker that takes sealed prompts for '%s' is attached just now."
            : "No worker for '%s' is attached just now.";
    return Refusal.retry(Kind.NO_WORKER, 2, sentence.formatted(request.model()));
  }

  // ------------------------------------------------------------------ what a worker could not do

  /** What a worker's failure says of the request itself, or null where another worker may do it. */
  static @Nullable Refusal callersFault(Failed failed) {
    String message = shortened(failed.getMessage(), MOST_MESSAGE_CHARS);
    String param = shortened(failed.getParam(), MOST_MESSAGE_CHARS);
    return switch (failed.getCode()) {
      case FAILURE_PROMPT_TOO_LONG ->
          Refusal.ofParam(Kind.PROMPT_TOO_LONG, param.isEmpty() ? "messages" : param, message);
      case FAILURE_BAD_REQUEST, FAILURE_UNSUPPORTED ->
          new Refusal(Kind.BAD_REQUEST, message, param.isEmpty() ? null : param, 0);
      case FAILURE_UNKNOWN_MODEL,
          FAILURE_BUSY,
          FAILURE_DRAINING,
          FAILURE_ENGINE,
          FAILURE_SEALED_KEY,
          FAILURE_UNSPECIFIED,
          UNRECOGNIZED ->
          null;
    };
  }

  private static String shortened(String text, int most) {
    return text.length() <= most ? text : text.substring(0, most) + "...";
  }

  static Refusal sealedKeyUnknown() {
    return Refusal.ofParam(
        Kind.SEALED_KEY_UNKNOWN,
        "sealed.key_id",
        "No worker has the key that this is sealed to: fetch the key again (GET /v1/group-keys) and"
            + " seal anew.");
  }

  static Refusal workersFailed(int attempts) {
    return Refusal.retry(
        Kind.WORKER_FAILED, 1, "%d workers failed this request.".formatted(attempts));
  }

  // ------------------------------------------------------------------ time

  static Refusal deadline(InferenceRequest request) {
    return Refusal.retry(
        Kind.DEADLINE,
        1,
        "The request's deadline of %d ms passed.".formatted(request.timeoutMillis()));
  }

  static Refusal noFirstToken() {
    return Refusal.retry(Kind.NO_FIRST_TOKEN, 1, "The worker gave no first token in time.");
  }

  static Refusal clientStalled() {
    return Refusal.of(
        Kind.CLIENT_STALLED,
        "Nothing was read for too long; what was delivered until then is charged.");
  }

  // ------------------------------------------------------------------ ours

  static Refusal internal() {
    return Refusal.of(Kind.INTERNAL, "A fault of ours; the log names it by the request's id.");
  }
}
