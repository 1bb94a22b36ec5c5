package org.cocoon.worker.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.vertx.core.Vertx;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.cocoon.worker.engine.GenerationRequest;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Message;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.Sampling;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** The engine over a real server, which {@code -Dcocoon.upstream=URL} names; a long check. */
@EnabledIfSystemProperty(named = "cocoon.upstream", matches = ".+")
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class RealUpstreamTest {
  private static final String QUESTION = "Write two sentences about the sea.";

  private final Vertx vertx = Vertx.vertx();
  private final Answers answers = new Answers();
  private final UpstreamEngine engine = open();
  private long runs;

  private UpstreamEngine open() {
    UpstreamOptions options =
        new UpstreamOptions(
            UpstreamOptions.address(System.getProperty("cocoon.upstream", "")),
            System.getProperty("cocoon.upstream.model", ""),
            "",
            "",
            0,
            0,
            UpstreamOptions.Limits.DEFAULT);
    UpstreamServer server =
        UpstreamEngine.find(vertx, options).toCompletionStage().toCompletableFuture().join();
    return UpstreamEngine.open(vertx, options, server, answers);
  }

  @AfterEach
  void close() throws Exception {
    engine.close();
    vertx.close().await(10, TimeUnit.SECONDS);
  }

  private GenerationRequest request(
      Prompt prompt, int maxTokens, boolean logprobs, Continuation from) {
    return new GenerationRequest(
        new RunKey(1, ++runs),
        "r" + runs,
        "",
        prompt,
        Sampling.GREEDY,
        maxTokens,
        List.of(),
        false,
        logprobs,
        logprobs ? 2 : 0,
        10_000,
        0,
        from);
  }

  private static Prompt chat() {
    return new Prompt.Chat(List.of(new Message("user", QUESTION)), "");
  }

  private Answers.Answer ask(GenerationRequest request) {
    engine.generate(request);
    return answers.of(request.key());
  }

  @Test
  void answersChatsAndText() throws Exception {
    Answers.Answer answer = ask(request(chat(), 24, false, Continuation.NONE));
    Ended.Finished end = answer.finished();
    assertFalse(answer.text().isBlank());
    assertEquals(end.completionTokens(), answer.tokens());
    assertTrue(end.promptTokens() > 5, "prompt tokens " + end.promptTokens());
    assertTrue(end.completionTokens() <= 24);
    Answers.Answer text =
        ask(request(new Prompt.Text("The capital of France is"), 3, false, Continuation.NONE));
    assertEquals(FinishReason.LENGTH, text.finished().reason());
    assertEquals(3, text.tokens());
  }

  @Test
  void tellsLogprobsWhereItSaysSo() throws Exception {
    assumeFalse(!engine.model().features().contains("logprobs"));
    Answers.Answer answer = ask(request(chat(), 5, true, Continuation.NONE));
    answer.end();
    assertEquals(5, answer.taken.stream().mapToInt(delta -> delta.logprobs().size()).sum());
    assertTrue(
        answer.taken.stream().allMatch(d -> d.logprobs().stream().allMatch(l -> l.logprob() <= 0)));
  }

  @Test
  void goesOnFromTextAsIfNothingHadHappened() throws Exception {
    assumeFalse(!engine.model().features().contains("continues_text"));
    Answers.Answer whole = ask(request(chat(), 32, false, Continuation.NONE));
    Ended.Finished end = whole.finished();
    int prompt = end.promptTokens();
    for (int cut = 1; cut < whole.taken.size() - 1; cut += 3) {
      StringBuilder before = new StringBuilder();
      int tokens = 0;
      for (int i = 0; i < cut; i++) {
        before.append(new String(whole.taken.get(i).text(), UTF_8));
        tokens += whole.taken.get(i).ids().length;
      }
      int[] ids = new int[tokens];
      Arrays.fill(ids, Continuation.UNKNOWN_ID);
      String kept = before.toString();
      Answers.Answer rest =
          ask(request(chat(), 32, false, new Continuation(ids, kept.length(), kept)));
      Ended.Finished restEnd = rest.finished();
      assertEquals(whole.text(), kept + rest.text(), "cut after " + cut + " chunks");
      assertTrue(
          Math.abs(prompt - restEnd.promptTokens()) <= 2,
          "prompt " + prompt + ", counted again as " + restEnd.promptTokens());
    }
  }

  @Test
  void freesItsSlotWithinAMomentOfACancel() throws Exception {
    GenerationRequest request = request(chat(), 1000, false, Continuation.NONE);
    Answers.Answer answer = ask(request);
    answer.next();
    engine.cancel(request.key());
    assertEquals(FinishReason.CANCELLED, answer.finished().reason());
    long start = System.nanoTime();
    while (engine.load().running() > 0) { // which the server's own metrics tell, too
      TimeUnit.MILLISECONDS.sleep(20);
      assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(5), "the server computes on");
    }
  }

  @Test
  void refusesAPromptThatIsTooLong() throws Exception {
    String much = "word ".repeat(engine.model().contextTokens() + 10);
    Ended.Refused refused =
        ask(request(new Prompt.Text(much), 10, false, Continuation.NONE)).refused();
    assertEquals(RefusalCause.PROMPT_TOO_LONG, refused.cause());
  }
}
