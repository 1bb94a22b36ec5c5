package org.cocoon.worker.engine;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one step produced, over all generations that it touched. Immutable by convention: the engine
 * does not touch it, nor its arrays, again.
 *
 * @param deltas new tokens, at most one entry for each generation
 * @param ended generations that ended in this step; their deltas come first
 */
public record StepOutcome(List<Delta> deltas, List<Ended> ended) {

  /**
   * New tokens of one generation, or one vector of an {@link EmbeddingRequest}.
   *
   * @param key whose
   * @param ids the tokens, in order; {@link GenerationRequest.Continuation#UNKNOWN_ID} where the
   *     engine does not know which
   * @param text UTF-8, whole characters; may lag behind the ids
   * @param logprobs one for each id, or empty where not asked for
   * @param vector of a text, or null; all else is empty then
   */
  public record Delta(
      RunKey key, int[] ids, byte[] text, List<TokenLogprob> logprobs, @Nullable Vector vector) {
    /** New tokens. */
    public Delta(RunKey key, int[] ids, byte[] text, List<TokenLogprob> logprobs) {
      this(key, ids, text, logprobs, null);
    }

    static Delta vector(RunKey key, int input, float[] values) {
      return new Delta(key, new int[0], new byte[0], List.of(), new Vector(input, values));
    }
  }

  /**
   * What stands for a text.
   *
   * @param input which of the request's texts, from 0
   * @param values float32, of length 1 in the Euclidean norm
   */
  public record Vector(int input, float[] values) {}

  /** A token's log probability and the alternatives to it, most likely first. */
  public record TokenLogprob(byte[] piece, float logprob, List<Alternative> top) {}

  /** One alternative. */
  public record Alternative(int id, byte[] piece, float logprob) {}

  /** How a generation ended. */
  public sealed interface Ended {
    /** Whose. */
    RunKey key();

    /**
     * It ended as it should.
     *
     * @param key whose
     * @param reason why
     * @param stop the stop string that matched, if one did
     * @param promptTokens tokens of the prompt
     * @param completionTokens generated here, without the continuation's
     * @param cachedPromptTokens prompt tokens that did not have to be computed
     * @param queueNanos from arrival to a slot
     * @param prefillNanos from the slot to the first token
     * @param decodeNanos from the first token to the last
     */
    record Finished(
        RunKey key,
        FinishReason reason,
        @Nullable String stop,
        int promptTokens,
        int completionTokens,
        int cachedPromptTokens,
        long queueNanos,
        long prefillNanos,
        long decodeNanos)
        implements Ended {}

    /**
     * It could not be done.
     *
     * @param key whose
     * @param cause whose fault
     * @param message for the caller; never holds prompt or answer
     * @param param the parameter at fault, or empty
     */
    record Refused(RunKey key, RefusalCause cause, String message, String param) implements Ended {}
  }

  /** Why a generation finished. */
  public enum FinishReason {
    /** End token or stop string. */
    STOP,
    /** max_tokens or the context's end. */
    LENGTH,
    /** Cancelled by the router. */
    CANCELLED
  }

  /** Why a generation was refused or broke. */
  public enum RefusalCause {
    /** The prompt and one token do not fit into the context. */
    PROMPT_TOO_LONG,
    /** A parameter is wrong. */
    BAD_REQUEST,
    /** This engine cannot do what was asked. */
    UNSUPPORTED,
    /** The engine's own queue is full. */
    BUSY,
    /** The engine is closing. */
    DRAINING,
    /** The engine broke. */
    ENGINE
  }
}
