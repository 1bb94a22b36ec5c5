package org.cocoon.worker.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.cocoon.backend.BackendLimits;
import org.cocoon.worker.constraint.SchemaException;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.GenerationRequest.Tools;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks requests and makes them ready for a slot: prompt to tokens, and the continuation replayed
 * through the text of the answer. Belongs to the prompt thread.
 */
final class Preparer {
  private static final Logger log = LoggerFactory.getLogger(Preparer.class);
  private static final int MAX_STOPS = 4;
  private static final int MAX_STOP_CHARS = 256;
  private static final int MAX_TOP_LOGPROBS = 20;
  private static final int MAX_BIASES = 1024;

  private final BackendLimits limits;
  private final TokenTable tokens;
  private final PromptBuilder prompts;
  private final FormDesk forms;

  Preparer(BackendLimits limits, TokenTable tokens, PromptBuilder prompts) {
    this.limits = limits;
    this.tokens = tokens;
    this.prompts = prompts;
    forms = new FormDesk(tokens, prompts.callSyntax());
  }

  /** Does what the first request would have to wait for. */
  void warmUp() {
    prompts.warmUp();
    forms.warmUp();
  }

  /** Makes a request ready, or says why it cannot be. */
  Preparation prepare(GenerationRequest request) {
    Preparation.Rejected wrong = check(request);
    if (wrong != null) {
      return wrong;
    }
    try {
      return switch (prompts.build(request.prompt())) {
        case PromptBuilder.Built.Rejected(Preparation.Rejected reason) -> reason;
        case PromptBuilder.Built.Tokens(int[] ids) ->
            replay(request, ids, forms.begin(form(request), request.cacheScope()));
      };
    } catch (SchemaException wrongSchema) {
      String param = form(request) instanceof AnswerForm.Call ? "tools" : "response_format";
      return bad(param + ": " + wrongSchema.fault(), param);
    } catch (RuntimeException | StackOverflowError bug) {
      // The message might quote the prompt; where it was thrown does not.
      log.error(
          "request {} could not be prepared: {} at {}",
          request.requestId(),
          bug.getClass().getName(),
          bug.getStackTrace().length == 0 ? "?" : bug.getStackTrace()[0]);
      return new Preparation.Rejected(
          RefusalCause.ENGINE, "the engine could not prepare this prompt", "");
    }
  }

  /** The form that is asked for, be it as the call of a tool. */
  private static AnswerForm form(GenerationRequest request) {
    return request.prompt() instanceof Prompt.Chat(_, _, Tools tools) && tools.required()
        ? new AnswerForm.Call(tools.json(), tools.name())
        : request.form();
  }

  private Preparation replay(
      GenerationRequest request, int[] prompt, FormDesk.@Nullable Mask mask) {
    if (prompt.length == 0) {
      return bad("the prompt must not be empty", "prompt");
    }
    if (prompt.length >= limits.contextTokens()) {
      String message =
          "the prompt has "
              + prompt.length
              + " tokens, and this model takes at most "
              + (limits.contextTokens() - 1)
              + " so that one can be answered";
      return new Preparation.Rejected(RefusalCause.PROMPT_TOO_LONG, message, "messages");
    }
    Continuation begun = request.continuation();
    int answered = begun.ids().length;
    boolean byText = isByText(begun);
    int[] ids = byText ? prompts.tokensOf(begun.text()) : begun.ids();
    AnswerText text = new AnswerText(stops(request), begun.textBytes());
    TokenCounts counts = new TokenCounts();
    boolean counted = Sampler.countsTokens(request.sampling());
    if (counted) {
      for (int id : prompt) {
        counts.seen(id);
      }
    }
    if (byText) {
      text.feed(begun.text().getBytes(UTF_8)); // its tokens here may add a space before it
    }
    for (int id : ids) {
      if (!request.ignoreEos() && tokens.endsGeneration(id)) {
        return complete(FinishReason.STOP, prompt.length, text);
      }
      if (mask != null && !mask.replay(id)) {
        return bad("the continuation has not the form that is asked for", "continuation");
      }
      if (!byText) {
        text.feed(tokens.piece(id));
      }
      if (text.matched() != null || (mask != null && mask.isComplete())) {
        return complete(FinishReason.STOP, prompt.length, text);
      }
      if (counted) {
        counts.answered(id);
      }
    }
    boolean isAtLimit = request.maxTokens() > 0 && answered >= request.maxTokens();
    if (isAtLimit || prompt.length + ids.length >= limits.contextTokens()) {
      return complete(FinishReason.LENGTH, prompt.length, text);
    }
    TokenList all = new TokenList(prompt.length + ids.length + 64);
    all.addAll(prompt);
    all.addAll(ids);
    if (mask != null) {
      mask.allowed(); // made here rather than on the step thread
    }
    return new Preparation.Ready(all, prompt.length, answered, text, counts, mask);
  }

  /** Whether an engine that tells no ids had a part in it: then its text is what there is. */
  private static boolean isByText(Continuation continuation) {
    for (int id : continuation.ids()) {
      if (id == Continuation.UNKNOWN_ID) {
        return true;
      }
    }
    return false;
  }

  /** Whoever wants an answer that does not end gets one. */
  private List<String> stops(GenerationRequest request) {
    if (request.ignoreEos()) {
      return request.stop();
    }
    List<String> stops = new ArrayList<>(request.stop());
    stops.addAll(prompts.stops(request.prompt()));
    return stops;
  }

  private static Preparation complete(FinishReason reason, int promptTokens, AnswerText text) {
    text.finish();
    return new Preparation.Complete(reason, text.matched(), promptTokens, text.take());
  }

  private Preparation.@Nullable Rejected check(GenerationRequest request) {
    Preparation.Rejected wrong = checkSampling(request.sampling());
    if (wrong != null) {
      return wrong;
    }
    if (request.maxTokens() < 0) {
      return bad("max_tokens must not be negative", "max_tokens");
    }
    if (request.ignoreEos() && !(form(request) instanceof AnswerForm.Free)) {
      return bad("ignore_eos must be left out where the answer must have a form", "ignore_eos");
    }
    if (request.deadlineMillis() < 0) {
      return bad("timeout must not be negative", "timeout");
    }
    if (request.stop().size() > MAX_STOPS) {
      return bad("stop takes at most " + MAX_STOPS + " strings", "stop");
    }
    for (String stop : request.stop()) {
      boolean lengthFits = !stop.isEmpty() && stop.length() <= MAX_STOP_CHARS;
      if (!lengthFits || !UTF_8.newEncoder().canEncode(stop)) {
        return bad("a stop string must have 1 to " + MAX_STOP_CHARS + " characters", "stop");
      }
    }
    return firstOf(checkLogprobs(request), checkContinuation(request.continuation()));
  }

  private Preparation.@Nullable Rejected checkLogprobs(GenerationRequest request) {
    if (request.topLogprobs() < 0 || request.topLogprobs() > MAX_TOP_LOGPROBS) {
      return bad("top_logprobs must be 0 to " + MAX_TOP_LOGPROBS, "top_logprobs");
    }
    if (limits.candidates() > 0 && request.topLogprobs() > limits.candidates()) {
      String message = "top_logprobs can be at most " + limits.candidates() + " on this engine";
      return new Preparation.Rejected(RefusalCause.UNSUPPORTED, message, "top_logprobs");
    }
    return null;
  }

  private Preparation.@Nullable Rejected checkContinuation(Continuation continuation) {
    if (continuation.textBytes() < 0) {
      return bad("the continuation's text must not be negative", "continuation");
    }
    if (isByText(continuation)) {
      return continuation.textBytes() == continuation.text().getBytes(UTF_8).length
          ? null
          : bad("the continuation has tokens without ids, and not their text", "continuation");
    }
    for (int id : continuation.ids()) {
      if (!tokens.contains(id)) {
        return bad("the continuation holds tokens that this model has not", "continuation");
      }
    }
    return null;
  }

  private Preparation.@Nullable Rejected checkSampling(Sampling sampling) {
    return firstOf(
        within(sampling.temperature(), 0, 2, "temperature"),
        within(sampling.topP(), Float.MIN_VALUE, 1, "top_p"),
        sampling.topK() < 0 ? bad("top_k must not be negative", "top_k") : null,
        within(sampling.minP(), 0, 1, "min_p"),
        within(sampling.frequencyPenalty(), -2, 2, "frequency_penalty"),
        within(sampling.presencePenalty(), -2, 2, "presence_penalty"),
        within(sampling.repetitionPenalty(), 0.01f, 100, "repetition_penalty"),
        checkBias(sampling.logitBias()));
  }

  private Preparation.@Nullable Rejected checkBias(Map<Integer, Float> biases) {
    if (biases.isEmpty()) {
      return null;
    }
    if (limits.candidates() > 0) {
      return new Preparation.Rejected(
          RefusalCause.UNSUPPORTED, "this engine cannot bias logits", "logit_bias");
    }
    if (biases.size() > MAX_BIASES) {
      return bad("logit_bias takes at most " + MAX_BIASES + " tokens", "logit_bias");
    }
    for (Map.Entry<Integer, Float> bias : biases.entrySet()) {
      if (!tokens.contains(bias.getKey())) {
        return bad("logit_bias names a token that this model has not", "logit_bias");
      }
      Preparation.Rejected wrong = within(bias.getValue(), -100, 100, "logit_bias");
      if (wrong != null) {
        return wrong;
      }
    }
    return null;
  }

  private static Preparation.@Nullable Rejected within(
      float value, float least, float most, String param) {
    if (value >= least && value <= most) {
      return null;
    }
    String low = least == Float.MIN_VALUE ? "above 0" : "at least " + least;
    return bad(param + " must be " + low + " and at most " + most, param);
  }

  private static Preparation.@Nullable Rejected firstOf(Preparation.@Nullable Rejected... wrongs) {
    for (Preparation.Rejected wrong : wrongs) {
      if (wrong != null) {
        return wrong;
      }
    }
    return null;
  }

  private static Preparation.Rejected bad(String message, String param) {
    return new Preparation.Rejected(RefusalCause.BAD_REQUEST, message, param);
  }
}
