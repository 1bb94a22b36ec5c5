package org.cocoon.worker.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An engine over a server that answers well, badly, late or not at all. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class UpstreamEngineTest {
  private static final UpstreamOptions.Limits QUICK =
      new UpstreamOptions.Limits(
          Duration.ofMillis(700),
          Duration.ofMillis(500),
          Duration.ofSeconds(20),
          Duration.ofMillis(1));

  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final Answers answers = new Answers();
  private ScriptedUpstream upstream = plays("vllm");
  private UpstreamEngine engine = open(UpstreamOptions.Limits.DEFAULT);
  private long runs;

  private ScriptedUpstream plays(String ownedBy) {
    try {
      return new ScriptedUpstream(vertx, ownedBy);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private UpstreamEngine open(UpstreamOptions.Limits limits) {
    UpstreamOptions options = new UpstreamOptions(upstream.base(), "", "", "", 0, 0, limits);
    UpstreamServer server =
        UpstreamEngine.find(vertx, options).toCompletionStage().toCompletableFuture().join();
    return UpstreamEngine.open(vertx, options, server, answers);
  }

  private void becomes(String ownedBy) throws Exception {
    engine.close();
    upstream.close();
    upstream = plays(ownedBy);
    engine = open(UpstreamOptions.Limits.DEFAULT);
  }

  private void hurries() {
    engine.close();
    engine = open(QUICK);
  }

  @AfterEach
  void close() throws Exception {
    engine.close();
    upstream.close();
    vertx.close().await(10, TimeUnit.SECONDS);
  }

  private GenerationRequest request(int maxTokens, int credit, Continuation continuation) {
    return request(
        new Prompt.Chat(List.of(new Message("user", "hello")), ""),
        Sampling.GREEDY,
        maxTokens,
        credit,
        continuation);
  }

  private GenerationRequest request(
      Prompt prompt, Sampling sampling, int maxTokens, int credit, Continuation continuation) {
    return new GenerationRequest(
        new RunKey(1, ++runs),
        "r" + runs,
        "",
        prompt,
        sampling,
        maxTokens,
        List.of(),
        false,
        false,
        0,
        credit,
        0,
        continuation);
  }

  private Answers.Answer ask(GenerationRequest request) {
    engine.generate(request);
    return answers.of(request.key());
  }

  private Answers.Answer ask() {
    return ask(request(100, 512, Continuation.NONE));
  }

  private static Continuation continuation(String text, int tokens) {
    int[] ids = new int[tokens];
    Arrays.fill(ids, Continuation.UNKNOWN_ID);
    return new Continuation(ids, text.length(), text);
  }

  // ------------------------------------------------------------------ what goes well

  @Test
  void tellsTextAsItComesAndWhatWasUsedInTheEnd() throws Exception {
    Answers.Answer answer = ask();
    ScriptedUpstream.Asked asked = upstream.next().stream();
    asked.text("Hel");
    assertEquals(1, answer.next().ids().length, "the first token before the second is made");
    asked.text("lo").finish("stop").usage(7, 2).done();
    Ended.Finished end = answer.finished();
    assertEquals("Hello", answer.text());
    assertEquals(2, answer.tokens());
    assertEquals(FinishReason.STOP, end.reason());
    assertEquals(7, end.promptTokens());
    assertEquals(2, end.completionTokens());
    assertTrue(
        answer.taken.stream().flatMapToInt(d -> Arrays.stream(d.ids())).allMatch(id -> id == -1));
  }

  @Test
  void asksWithEachServersOwnNames() throws Exception {
    Sampling all = new Sampling(0.5f, 0.9f, 40, 0.1f, -1, 0.25f, 0.5f, 1.5f, Map.of(7, 2f));
    Prompt chat = new Prompt.Chat(List.of(new Message("user", "hello")), "{\"thinking\":false}");
    ask(request(chat, all, 100, 9, Continuation.NONE));
    ScriptedUpstream.Asked asked = upstream.next();
    assertEquals("m", asked.body.getString("model"));
    assertEquals(100, asked.body.getInteger("max_tokens"));
    assertEquals(40, asked.body.getInteger("top_k"));
    assertEquals(1.5, asked.body.getDouble("repetition_penalty"), 1e-6);
    assertEquals(2.0, asked.body.getJsonObject("logit_bias").getDouble("7"), 1e-6);
    assertTrue(asked.body.getJsonObject("stream_options").getBoolean("continuous_usage_stats"));
    assertFalse(asked.body.getJsonObject("chat_template_kwargs").getBoolean("thinking"));
    becomes("llamacpp");
    ask(request(chat, all, 100, 9, Continuation.NONE));
    asked = upstream.next();
    assertEquals(1.5, asked.body.getDouble("repeat_penalty"), 1e-6);
    assertTrue(asked.body.getBoolean("timings_per_token"));
    assertTrue(asked.body.getLong("seed") >= 0 && asked.body.getLong("seed") <= Integer.MAX_VALUE);
    assertEquals(512, engine.model().contextTokens());
    assertEquals(3, engine.model().slots());
  }

  @Test
  void refusesWhatAServerWouldIgnore() throws Exception {
    becomes("library");
    Prompt text = new Prompt.Text("once");
    Sampling topK = new Sampling(0, 1, 40, 0, 0, 0, 0, 1, Map.of());
    Ended.Refused refused = ask(request(text, topK, 9, 9, Continuation.NONE)).refused();
    assertEquals(RefusalCause.UNSUPPORTED, refused.cause());
    assertEquals("top_k", refused.param());
  }

  @Test
  void leavesTheLimitOutWhereTheContextIsNearer() throws Exception {
    ask(request(1000, 9, Continuation.NONE));
    assertNull(upstream.next().body.getInteger("max_tokens"), "a server would refuse 1000 of 1000");
    ask(request(new Prompt.Text("x".repeat(300)), Sampling.GREEDY, 1000, 9, Continuation.NONE));
    int limit = upstream.next().body.getInteger("max_tokens");
    assertTrue(limit > 800 && limit < 900, "limit " + limit);
  }

  @Test
  void stopsAServerThatGivesMoreThanWasAskedFor() throws Exception {
    Answers.Answer answer = ask(request(3, 512, Continuation.NONE));
    ScriptedUpstream.Asked asked = upstream.next().stream();
    asked.text("a").text("b").text("c").text("d").text("e");
    Ended.Finished end = answer.finished();
    assertEquals(FinishReason.LENGTH, end.reason());
    assertEquals("abc", answer.text());
    assertNotNull(asked.gone.poll(5, TimeUnit.SECONDS));
  }

  // ------------------------------------------------------------------ counting

  @Test
  void countsByTheUsageSoFarWhereAChunkIsManyTokens() throws Exception {
    Answers.Answer answer = ask();
    ScriptedUpstream.Asked asked = upstream.next().stream();
    asked.event(
        """
        {"model":"m","choices":[{"index":0,"delta":{"content":"three more tokens"}}],\
        "usage":{"prompt_tokens":5,"completion_tokens":4}}\
        """);
    assertEquals(4, answer.next().ids().length);
    asked.finish("stop").usage(5, 5).done();
    assertEquals(4, answer.finished().completionTokens(), "an end token is none of the answer");
  }

  @Test
  void correctsItsCountByTheLastUsage() throws Exception {
    Answers.Answer answer = ask();
    upstream.next().stream().text("ten tokens in one").finish("length").usage(5, 10).done();
    assertEquals(10, answer.finished().completionTokens());
    assertEquals(10, answer.tokens());
  }

  @ParameterizedTest
  @CsvSource({"1, 3", "9000, 3"})
  void doesNotBelieveAUsageThatCannotBe(int said, int counted) throws Exception {
    Answers.Answer answer = ask(request(10_000, 512, Continuation.NONE));
    upstream.next().stream().text("a").text("b").text("c").finish("length").usage(5, said).done();
    assertEquals(counted, answer.finished().completionTokens());
  }

  @Test
  void endsWithoutAUsageWhereNoneComes() throws Exception {
    Answers.Answer answer = ask();
    upstream.next().stream().text("a").finish("length").done();
    Ended.Finished end = answer.finished();
    assertEquals(0, end.promptTokens(), "nothing is charged that nobody counted");
    assertEquals(1, end.completionTokens());
  }

  // ------------------------------------------------------------------ credit and cancel

  @Test
  void sendsNoMoreThanItsCreditAndStopsReading() throws Exception {
    GenerationRequest request = request(0, 3, Continuation.NONE);
    Answers.Answer answer = ask(request);
    ScriptedUpstream.Asked asked = upstream.next().stream();
    for (int i = 0; i < 10; i++) {
      asked.text("t" + i + " ");
    }
    asked.finish("stop").usage(5, 10).done();
    int tokens = 0;
    while (tokens < 3) {
      tokens += answer.next().ids().length;
    }
    assertEquals(3, tokens);
    assertNull(answer.deltas.poll(100, TimeUnit.MILLISECONDS));
    assertTrue(answer.ended.isEmpty());
    engine.grant(request.key(), 100);
    assertEquals(10, answer.finished().completionTokens());
    assertEquals("t0 t1 t2 t3 t4 t5 t6 t7 t8 t9 ", answer.text());
  }

  @Test
  void aChunkOfMoreTokensThanTheCreditGoesInPortions() throws Exception {
    GenerationRequest request = request(0, 2, Continuation.NONE);
    Answers.Answer answer = ask(request);
    upstream.next().stream().text("many").finish("length").usage(5, 7).done();
    int tokens = 0;
    while (tokens < 2) {
      tokens += answer.next().ids().length; // of what the usage adds, as far as credit goes
    }
    assertEquals(2, tokens);
    assertEquals("many", answer.text());
    engine.grant(request.key(), 100);
    assertEquals(7, answer.finished().completionTokens());
    assertEquals(7, answer.tokens());
  }

  @Test
  void cancellingClosesTheConnectionWithinATenthOfASecond() throws Exception {
    GenerationRequest request = request(0, 100, Continuation.NONE);
    Answers.Answer answer = ask(request);
    ScriptedUpstream.Asked asked = upstream.next().stream().text("a");
    answer.next();
    long start = System.nanoTime();
    engine.cancel(request.key());
    assertNotNull(asked.gone.poll(5, TimeUnit.SECONDS));
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    assertEquals(FinishReason.CANCELLED, answer.finished().reason());
    assertTrue(millis < 100, "took " + millis + " ms");
    assertEquals(0, engine.load().running());
  }

  @Test
  void waitsForASlotAndTellsSo() throws Exception {
    becomes("llamacpp"); // three slots
    for (int i = 0; i < 5; i++) {
      ask();
    }
    ScriptedUpstream.Asked first = upstream.next();
    upstream.next();
    upstream.next();
    assertNull(upstream.asked.poll(100, TimeUnit.MILLISECONDS));
    assertEquals(3, engine.load().running());
    assertEquals(2, engine.load().queued());
    first.stream().text("a").finish("stop").done();
    upstream.next();
  }

  // ------------------------------------------------------------------ going on

  @ParameterizedTest
  @ValueSource(strings = {"vllm", "sglang"})
  void goesOnFromTextWithoutRepeatingWhatIsBetween(String kind) throws Exception {
    becomes(kind);
    Answers.Answer answer = ask(request(100, 512, continuation("Once upon ", 3)));
    ScriptedUpstream.Asked asked = upstream.next();
    assertTrue(asked.body.getBoolean("continue_final_message"));
    assertFalse(asked.body.getBoolean("add_generation_prompt"));
    assertEquals(97, asked.body.getInteger("max_tokens"));
    assertEquals(
        "Once upon", asked.body.getJsonArray("messages").getJsonObject(1).getString("content"));
    asked.stream().text(" a").text(" time").finish("stop").usage(20, 3).done();
    Ended.Finished end = answer.finished();
    assertEquals("a time", answer.text());
    assertEquals(2, end.completionTokens());
    assertEquals(17, end.promptTokens(), "the answer so far is no part of the prompt");
  }

  @Test
  void doesNotGoOnWhereTheServerWouldBeginAnew() throws Exception {
    becomes("library");
    Ended.Refused refused = ask(request(100, 512, continuation("Once", 1))).refused();
    assertEquals(RefusalCause.UNSUPPORTED, refused.cause());
    assertFalse(engine.model().features().contains("continues_text"));
    assertTrue(engine.model().features().contains("text_only"));
  }

  @Test
  void anAnswerThatIsLongEnoughAlreadyEnds() throws Exception {
    assertEquals(
        FinishReason.LENGTH, ask(request(2, 9, continuation("a b", 2))).finished().reason());
  }

  // ------------------------------------------------------------------ what goes wrong

  @ParameterizedTest
  @CsvSource({
    "400, maximum context length is 10, PROMPT_TOO_LONG",
    "400, exceed_context_size_error, PROMPT_TOO_LONG",
    "400, no such field, BAD_REQUEST",
    "401, who are you, ENGINE",
    "404, no such model, ENGINE",
    "422, wrong, BAD_REQUEST",
    "429, later, BUSY",
    "500, the prompt was hello, ENGINE",
    "503, loading, BUSY"
  })
  void refusesByWhoseFaultItIs(int status, String body, RefusalCause cause) throws Exception {
    Answers.Answer answer = ask();
    upstream.next().status(status, body);
    Ended.Refused refused = answer.refused();
    assertEquals(cause, refused.cause());
    assertFalse(refused.message().contains(body), "what the server says may quote the prompt");
  }

  private void breaks(ScriptedUpstream.Asked asked, Answers.Answer answer) throws Exception {
    assertEquals(RefusalCause.ENGINE, answer.refused().cause());
    assertNotNull(asked.gone.poll(5, TimeUnit.SECONDS), "the connection is closed");
    assertEquals(0, engine.load().running());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"choices\":[",
        "[1]",
        "nothing",
        "{\"error\":{\"message\":\"out of memory\"}}",
        "{\"model\":\"another\",\"choices\":[{\"delta\":{\"content\":\"x\"}}]}",
        "{\"choices\":[{\"delta\":{\"content\":7}}]}",
        "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"x\"}}]}",
        "{\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"abort\"}]}",
        "{\"choices\":[],\"usage\":{\"completion_tokens\":-4}}",
        "{\"choices\":[{\"delta\":{\"content\":\"x\"}}]}{}"
      })
  void aChunkThatIsNoneIsAFault(String chunk) throws Exception {
    Answers.Answer answer = ask();
    breaks(upstream.next().stream().text("a").event(chunk), answer);
  }

  @Test
  void textThatIsNoUtf8IsAFault() throws Exception {
    Answers.Answer answer = ask();
    Buffer torn = Buffer.buffer("data: {\"choices\":[{\"delta\":{\"content\":\"");
    torn.appendBytes(new byte[] {(byte) 0xE2, (byte) 0x82, '"'}).appendString("}}]}\n\n");
    breaks(upstream.next().stream().raw(torn), answer);
  }

  @Test
  void textAfterTheEndIsAFaultAndNotDelivered() throws Exception {
    Answers.Answer answer = ask();
    breaks(upstream.next().stream().text("a").finish("stop").text("and more"), answer);
    assertEquals("a", answer.text());
  }

  @Test
  void anEndlessEventIsAFault() throws Exception {
    Answers.Answer answer = ask();
    ScriptedUpstream.Asked asked = upstream.next().stream();
    Buffer much = Buffer.buffer("x".repeat(EventStream.MOST_EVENT_BYTES / 4));
    asked.raw(Buffer.buffer("data: ")).raw(much).raw(much).raw(much).raw(much).raw(much);
    breaks(asked, answer);
  }

  @Test
  void anAnswerThatJustEndsIsAFault() throws Exception {
    Answers.Answer answer = ask();
    upstream.next().stream().text("a").end();
    assertEquals(RefusalCause.ENGINE, answer.refused().cause());
    answer = ask();
    upstream.next().stream().text("a").done();
    assertEquals(RefusalCause.ENGINE, answer.refused().cause());
  }

  @Test
  void aServerThatDiesInMidAnswerIsAFault() throws Exception {
    Answers.Answer answer = ask();
    ScriptedUpstream.Asked asked = upstream.next().stream().text("a");
    answer.next();
    asked.drop();
    assertEquals(RefusalCause.ENGINE, answer.refused().cause());
  }

  @Test
  void aServerThatNeverAnswersOrStallsIsAFault() throws Exception {
    hurries();
    Answers.Answer silent = ask();
    breaks(upstream.next(), silent);
    Answers.Answer stalled = ask();
    ScriptedUpstream.Asked asked = upstream.next().stream().text("a");
    breaks(asked, stalled);
    Answers.Answer whole = ask();
    upstream.next().stream().text("a").finish("stop");
    assertInstanceOf(Ended.Finished.class, whole.end(), "only the usage is missing");
  }

  @Test
  void aServerThatIsGoneBreaksTheEngine() throws Exception {
    hurries();
    upstream.close();
    Throwable cause = engine.broken().toCompletableFuture().get(20, TimeUnit.SECONDS);
    assertTrue(String.valueOf(cause.getMessage()).contains("did not answer"), cause.getMessage());
    assertEquals(RefusalCause.ENGINE, ask().refused().cause());
  }

  // ------------------------------------------------------------------ finding one

  @Test
  void saysWhichModelToNameWhereThereAreMany() {
    upstream.models = "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]}";
    CompletionException many = assertThrows(CompletionException.class, () -> open(QUICK));
    assertTrue(String.valueOf(many.getMessage()).contains("serves a, b"), many.getMessage());
    upstream.models = "{\"data\":[{\"id\":\"a\"}]}";
    CompletionException unknown = assertThrows(CompletionException.class, () -> open(QUICK));
    assertTrue(String.valueOf(unknown.getMessage()).contains("--context"), unknown.getMessage());
  }

  @Test
  void tellsTheLoadThatOthersMake() throws Exception {
    upstream.metrics =
        """
        # TYPE x gauge
        vllm:num_requests_running{engine="0",model_name="m"} 5.0
        vllm:num_requests_running{engine="1",model_name="m"} 2.0
        vllm:num_requests_waiting{model_name="m"} 3.0 1700000000
        odd
        """;
    for (int i = 0; i < 100 && engine.load().running() != 7; i++) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
    assertEquals(7, engine.load().running());
    assertEquals(3, engine.load().queued());
  }
}
