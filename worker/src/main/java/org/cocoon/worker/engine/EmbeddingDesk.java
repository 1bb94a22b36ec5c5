package org.cocoon.worker.engine;

import java.util.ArrayList;
import java.util.List;
import org.cocoon.backend.BackendLimits;
import org.cocoon.worker.engine.EmbeddingRequest.Input;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;

/**
 * Checks texts that are to become vectors and cuts them into tokens. Belongs to the prompt thread.
 */
final class EmbeddingDesk {
  /** The parameter that all refusals are about. */
  static final String PARAM = "input";

  private final BackendLimits limits;
  private final TokenTable tokens;
  private final PromptBuilder prompts;

  EmbeddingDesk(BackendLimits limits, TokenTable tokens, PromptBuilder prompts) {
    this.limits = limits;
    this.tokens = tokens;
    this.prompts = prompts;
  }

  /** What came of a request's texts. */
  sealed interface Prepared {
    /** Tokens of each, at least one. */
    record Texts(List<int[]> tokens) implements Prepared {}

    /** Why there are none. */
    record Rejected(RefusalCause cause, String message) implements Prepared {}
  }

  Prepared prepare(EmbeddingRequest request) {
    int count = request.inputs().size();
    if (count < 1 || count > EmbeddingRequest.MAX_INPUTS) {
      return bad("input must be 1 to %d texts".formatted(EmbeddingRequest.MAX_INPUTS));
    }
    List<int[]> texts = new ArrayList<>(count);
    long sum = 0;
    for (int i = 0; i < count; i++) {
      int[] ids;
      switch (request.inputs().get(i)) {
        case Input.Ids(int[] given) -> ids = given;
        case Input.Text(String text) -> {
          switch (prompts.build(new Prompt.Text(text))) {
            case PromptBuilder.Built.Tokens(int[] cut) -> ids = cut;
            case PromptBuilder.Built.Rejected(Preparation.Rejected why) -> {
              return new Prepared.Rejected(why.cause(), why.message());
            }
          }
        }
      }
      if (ids.length == 0) {
        return bad("input[%d] must not be empty".formatted(i));
      }
      if (ids.length > limits.contextTokens()) {
        return new Prepared.Rejected(
            RefusalCause.PROMPT_TOO_LONG,
            "input[%d] has %d tokens, and this model takes at most %d"
                .formatted(i, ids.length, limits.contextTokens()));
      }
      for (int id : ids) {
        if (!tokens.contains(id)) {
          return bad("input[%d] holds tokens that this model has not".formatted(i));
        }
      }
      sum += ids.length;
      texts.add(ids);
    }
    if (sum > EmbeddingRequest.MAX_TOKENS) {
      return new Prepared.Rejected(
          RefusalCause.PROMPT_TOO_LONG,
          "all texts together have %d tokens; send at most %d in one request"
              .formatted(sum, EmbeddingRequest.MAX_TOKENS));
    }
    return new Prepared.Texts(texts);
  }

  private static Prepared.Rejected bad(String message) {
    return new Prepared.Rejected(RefusalCause.BAD_REQUEST, message);
  }
}
