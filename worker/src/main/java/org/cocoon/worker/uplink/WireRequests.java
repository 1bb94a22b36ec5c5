package org.cocoon.worker.uplink;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.cocoon.link.wire.Alternative;
import org.cocoon.link.wire.Bias;
import org.cocoon.link.wire.Chat;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Embed;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.PrivateTokens;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.link.wire.Tokens;
import org.cocoon.worker.engine.AnswerForm;
import org.cocoon.worker.engine.EmbeddingRequest;
import org.cocoon.worker.engine.EmbeddingRequest.Input;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Message;
import org.cocoon.worker.engine.GenerationRequest.Priority;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.GenerationRequest.Tools;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.Sampling;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.jspecify.annotations.Nullable;

/** Between the wire's messages and the engine's own types. */
final class WireRequests {
  /** From here on, of 0 to 9, a request says of itself that it can wait. */
  private static final int CAN_WAIT = 6;

  private WireRequests() {}

  /**
   * The engine's view of a run.
   *
   * @param system what a conversation without a system message begins with; empty: nothing
   */
  static GenerationRequest request(RunKey key, Run run, String system) {
    Prompt prompt =
        run.hasChat()
            ? new Prompt.Chat(
                messages(run, system), run.getChat().getTemplateArguments(), tools(run.getChat()))
            : new Prompt.Text(run.getText());
    int[] ids = new int[run.getContinuation().getIdsCount()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = run.getContinuation().getIds(i);
    }
    GenerationRequest request =
        new GenerationRequest(
            key,
            run.getRequestId(),
            run.getCacheScope(),
            prompt,
            sampling(run.getSampling()),
            run.getMaxTokens(),
            List.copyOf(run.getStopList()),
            run.getIgnoreEos(),
            run.getLogprobs(),
            run.getTopLogprobs(),
            run.getCredit(),
            run.getDeadlineMillis(),
            ids.length == 0
                ? Continuation.NONE
                : new Continuation(
                    ids,
                    run.getContinuation().getTextBytes(),
                    run.getContinuation().getText().toStringUtf8()));
    return request.withForm(form(run.getForm())).withPriority(priority(run));
  }

  /** Nobody may take others' slots by saying that he is in a hurry; anybody may offer his own. */
  private static Priority priority(Run run) {
    return run.getPriority() >= CAN_WAIT ? Priority.LOW : Priority.NORMAL;
  }

  /** The engine's view of a run for vectors. */
  static EmbeddingRequest embedding(RunKey key, Run run) {
    List<Input> inputs = new ArrayList<>();
    for (Embed.Input input : run.getEmbed().getInputsList()) {
      inputs.add(
          input.hasText()
              ? new Input.Text(input.getText())
              : new Input.Ids(
                  input.getIds().getIdsList().stream().mapToInt(Integer::intValue).toArray()));
    }
    return new EmbeddingRequest(key, run.getRequestId(), inputs);
  }

  private static AnswerForm form(org.cocoon.link.wire.AnswerForm form) {
    return switch (form.getFormCase()) {
      case JSON_OBJECT -> new AnswerForm.AnyObject();
      case JSON_SCHEMA -> new AnswerForm.Schema(form.getJsonSchema());
      case FORM_NOT_SET -> AnswerForm.FREE;
    };
  }

  private static Tools tools(Chat chat) {
    return switch (chat.getToolUse()) {
      case TOOL_USE_NONE -> Tools.NONE;
      case TOOL_USE_REQUIRED -> new Tools(chat.getTools(), true, chat.getToolName());
      case TOOL_USE_AUTO, UNRECOGNIZED -> new Tools(chat.getTools(), false, "");
    };
  }

  private static List<Message> messages(Run run, String system) {
    List<Message> messages = new ArrayList<>(run.getChat().getMessagesCount() + 1);
    if (!system.isEmpty()
        && run.getChat().getMessagesCount() > 0
        && !run.getChat().getMessages(0).getRole().equals("system")) {
      messages.add(new Message("system", system));
    }
    run.getChat()
        .getMessagesList()
        .forEach(
            message ->
                messages.add(
                    new Message(message.getRole(), message.getContent(), message.getToolCalls())));
    return messages;
  }

  private static Sampling sampling(org.cocoon.link.wire.Sampling wire) {
    Map<Integer, Float> biases =
        wire.getLogitBiasList().stream()
            .collect(Collectors.toMap(Bias::getToken, Bias::getBias, (first, second) -> second));
    return new Sampling(
        wire.getTemperature(),
        wire.getTopP(),
        wire.getTopK(),
        wire.getMinP(),
        wire.getSeed(),
        wire.getFrequencyPenalty(),
        wire.getPresencePenalty(),
        wire.getRepetitionPenalty(),
        biases);
  }

  static Tokens tokens(Delta delta) {
    Tokens.Builder tokens =
        Tokens.newBuilder()
            .setRun(delta.key().run())
            .setText(UnsafeByteOperations.unsafeWrap(delta.text()));
    for (int id : delta.ids()) {
      tokens.addIds(id);
    }
    for (StepOutcome.TokenLogprob logprob : delta.logprobs()) {
      tokens.addLogprobs(logprob(logprob));
    }
    StepOutcome.Vector vector = delta.vector();
    if (vector != null) {
      ByteBuffer bytes =
          ByteBuffer.allocate(vector.values().length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(vector.values());
      tokens.setInput(vector.input()).setVector(UnsafeByteOperations.unsafeWrap(bytes));
    }
    return tokens.build();
  }

  /**
   * What is sealed of a step.
   *
   * @param delta what the step produced, or null if it only ended the answer
   * @param end how the answer ended, or null if it did not end complete
   */
  static PrivateTokens privateTokens(@Nullable Delta delta, Ended.@Nullable Finished end) {
    PrivateTokens.Builder tokens = PrivateTokens.newBuilder();
    if (delta != null) {
      tokens.setText(UnsafeByteOperations.unsafeWrap(delta.text()));
      for (int id : delta.ids()) {
        tokens.addIds(id);
      }
      for (StepOutcome.TokenLogprob logprob : delta.logprobs()) {
        tokens.addLogprobs(logprob(logprob));
      }
    }
    if (end != null) {
      tokens.setFinish(finish(end.reason()));
      if (end.stop() != null) {
        tokens.setStop(end.stop());
      }
    }
    return tokens.build();
  }

  private static TokenLogprob logprob(StepOutcome.TokenLogprob logprob) {
    TokenLogprob.Builder builder =
        TokenLogprob.newBuilder()
            .setPiece(ByteString.copyFrom(logprob.piece()))
            .setLogprob(logprob.logprob());
    for (StepOutcome.Alternative alternative : logprob.top()) {
      builder.addTop(
          Alternative.newBuilder()
              .setId(alternative.id())
              .setPiece(ByteString.copyFrom(alternative.piece()))
              .setLogprob(alternative.logprob()));
    }
    return builder.build();
  }

  private static FinishReason finish(StepOutcome.FinishReason reason) {
    return switch (reason) {
      case STOP -> FinishReason.FINISH_STOP;
      case LENGTH -> FinishReason.FINISH_LENGTH;
      case CANCELLED -> FinishReason.FINISH_CANCELLED;
    };
  }

  static Done done(Ended.Finished finished) {
    Done.Builder done =
        Done.newBuilder()
            .setRun(finished.key().run())
            .setFinish(finish(finished.reason()))
            .setPromptTokens(finished.promptTokens())
            .setCompletionTokens(finished.completionTokens())
            .setCachedPromptTokens(finished.cachedPromptTokens())
            .setQueueNanos(finished.queueNanos())
            .setPrefillNanos(finished.prefillNanos())
            .setDecodeNanos(finished.decodeNanos());
    if (finished.stop() != null) {
      done.setStop(finished.stop());
    }
    return done.build();
  }

  /** Why a sealed run failed; what the engine says of it might tell something of its prompt. */
  static Failed sealedFailed(Ended.Refused refused) {
    return failed(refused).toBuilder()
        .setMessage(
            switch (refused.cause()) {
              case PROMPT_TOO_LONG -> "the sealed prompt and one token do not fit into the context";
              case BAD_REQUEST -> "a parameter or the form of the sealed request is wrong";
              case UNSUPPORTED -> "this engine cannot do what the sealed request asks for";
              case BUSY -> "the engine's queue is full";
              case DRAINING -> "this worker is stopping";
              case ENGINE -> "the engine could not answer";
            })
        .build();
  }

  static Failed failed(Ended.Refused refused) {
    return Failed.newBuilder()
        .setRun(refused.key().run())
        .setCode(
            switch (refused.cause()) {
              case PROMPT_TOO_LONG -> FailureCode.FAILURE_PROMPT_TOO_LONG;
              case BAD_REQUEST -> FailureCode.FAILURE_BAD_REQUEST;
              case UNSUPPORTED -> FailureCode.FAILURE_UNSUPPORTED;
              case BUSY -> FailureCode.FAILURE_BUSY;
              case DRAINING -> FailureCode.FAILURE_DRAINING;
              case ENGINE -> FailureCode.FAILURE_ENGINE;
            })
        .setMessage(refused.message())
        .setParam(refused.param())
        .build();
  }
}
