package org.cocoon.worker.seal;

import com.google.protobuf.UnsafeByteOperations;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.cocoon.link.seal.AnswerSealer;
import org.cocoon.link.seal.GroupKeys;
import org.cocoon.link.seal.PromptOpener;
import org.cocoon.link.seal.PromptOpener.OpenedPrompt;
import org.cocoon.link.seal.SealedAnswer;
import org.cocoon.link.seal.SealedAnswer.Resumed;
import org.cocoon.link.wire.Continuation;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.PrivatePrompt;
import org.cocoon.link.wire.PrivateTokens;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Tokens;
import org.cocoon.worker.engine.RunKey;
import org.jspecify.annotations.Nullable;

/**
 * The sealed runs of this worker, from the opened prompt to the last chunk of the answer.
 *
 * <p>A run is opened on some thread, and from then on belongs to the engine's; each has as many
 * entries here as it has runs in the engine.
 */
public final class SealedRuns {
  private static final String NO_KEY =
      "this worker does not hold the group key that the prompt is sealed to";

  private static final long SEALED = Long.MIN_VALUE;

  /**
   * A run's answer.
   *
   * @param finish how it ended, if the client has all of it already; otherwise unspecified
   */
  private record Answering(AnswerSealer sealer, boolean complete, FinishReason finish) {}

  private final Map<RunKey, Answering> answering = new ConcurrentHashMap<>();
  private final PromptOpener opener;

  /** Opens with these keys. */
  public SealedRuns(GroupKeys keys) {
    this.opener = new PromptOpener(keys);
  }

  /** Whether a sealed run can be started, or why not. */
  public sealed interface Admission {
    /**
     * It can.
     *
     * @param run as if it had come in the clear
     */
    record Open(Run run) implements Admission {
      /** Without content. */
      @Override
      public String toString() {
        return "Open[" + run.getRun() + "]";
      }
    }

    /**
     * It cannot.
     *
     * @param code whose fault
     * @param message for the caller, without content
     */
    record Refused(FailureCode code, String message) implements Admission {}
  }

  /** Opens a run's prompt and what was delivered of its answer; takes about a millisecond. */
  public Admission open(RunKey key, Run run) {
    return switch (opener.open(run.getSealed(), run.getModel())) {
      case OpenedPrompt.UnknownKey() ->
          new Admission.Refused(FailureCode.FAILURE_SEALED_KEY, NO_KEY);
      case OpenedPrompt.Broken(String why) -> bad(why);
      case OpenedPrompt.Good(PrivatePrompt prompt, SealedAnswer answer) ->
          exceedsLimit(run)
              ? bad("the run's max_tokens are more than the prompt was sealed with")
              : resume(key, run, prompt, answer);
    };
  }

  private static boolean exceedsLimit(Run run) {
    long bound = Integer.toUnsignedLong(run.getSealed().getMaxTokens());
    long asked = Integer.toUnsignedLong(run.getMaxTokens());
    return bound != 0 && (asked == 0 || asked > bound);
  }

  private Admission resume(RunKey key, Run run, PrivatePrompt prompt, SealedAnswer answer) {
    Continuation continuation = run.getContinuation();
    if (continuation.getIdsCount() > 0 || continuation.getTextBytes() > 0) {
      return bad("a sealed answer is continued from its chunks alone");
    }
    return switch (answer.resume(continuation.getSealedList())) {
      case Resumed.Broken(String why) -> bad("the answer so far does not open: " + why);
      case Resumed.Good resumed when resumed.complete() && resumed.ids().length == 0 ->
          bad("the answer is complete");
      case Resumed.Good resumed -> {
        answering.put(key, new Answering(resumed.sealer(), resumed.complete(), resumed.finish()));
        yield new Admission.Open(inTheClear(run, prompt, resumed));
      }
    };
  }

  /** The run as the engine takes it; everything that the prompt holds is the prompt's to say. */
  private static Run inTheClear(Run run, PrivatePrompt prompt, Resumed.Good resumed) {
    Run.Builder open =
        run.toBuilder()
            .setSampling(prompt.getSampling())
            .clearStop()
            .addAllStop(prompt.getStopList())
            .setIgnoreEos(prompt.getIgnoreEos())
            .setLogprobs(prompt.getLogprobs())
            .setTopLogprobs(prompt.getTopLogprobs())
            .setContinuation(
                Continuation.newBuilder()
                    .addAllIds(Arrays.stream(resumed.ids()).boxed().toList())
                    .setTextBytes(resumed.text().size())
                    .setText(resumed.text()));
    if (prompt.hasForm()) {
      open.setForm(prompt.getForm());
    } else {
      open.clearForm();
    }
    if (resumed.complete()) {
      open.setMaxTokens(resumed.ids().length); // only its end is to be told once more
    }
    return (prompt.hasChat() ? open.setChat(prompt.getChat()) : open.setText(prompt.getText()))
        .build();
  }

  private static Admission bad(String why) {
    return new Admission.Refused(FailureCode.FAILURE_BAD_REQUEST, why);
  }

  /**
   * The key of a sealed run, which says so itself: whatever else goes wrong, nothing that the
   * engine makes for it is ever taken for the answer of a plain one.
   *
   * @param link not negative
   */
  public static RunKey key(long link, long run) {
    return new RunKey(link | SEALED, run);
  }

  /** Whether this is a key of a sealed run. */
  public static boolean isSealed(RunKey key) {
    return (key.link() & SEALED) != 0;
  }

  /** The link of a run, sealed or not. */
  public static long link(RunKey key) {
    return key.link() & ~SEALED;
  }

  /**
   * Seals what a step produced for a run; on the engine's thread.
   *
   * @param last whether the answer is complete with it
   * @return null if the client has the whole answer already, or nobody waits for it any more
   */
  public @Nullable Tokens seal(RunKey key, PrivateTokens tokens, boolean last) {
    Answering run = answering.get(key);
    if (run == null || run.complete() || run.sealer().ended()) {
      return null;
    }
    return Tokens.newBuilder()
        .setRun(key.run())
        .setSealed(UnsafeByteOperations.unsafeWrap(run.sealer().seal(tokens, last)))
        .setSealedCount(tokens.getIdsCount())
        .build();
  }

  /**
   * What a router is told of the end of a run: not the stop string, which is the client's alone to
   * know; and of an answer that was complete already, how that ended.
   */
  public Done done(RunKey key, Done plain) {
    Done.Builder done = plain.toBuilder().clearStop();
    Answering run = answering.get(key);
    return (run != null && run.complete() ? done.setFinish(run.finish()) : done).build();
  }

  /** The run ended. */
  public void forget(RunKey key) {
    answering.remove(key);
  }

  /** How many sealed runs have not ended. */
  public int size() {
    return answering.size();
  }
}
