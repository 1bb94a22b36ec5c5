package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Workers with a real model that are killed while 16 streams run. Each answer must be one that the
 * model gives: the client sees neither gap nor repeat. How many are, to the letter, the answer of
 * an undisturbed run is printed, because rounding depends on what else a worker computes (ADR 7).
 *
 * <p>{@code -Dcocoon.workers.modelKills=N} says how often (default 2), {@code
 * -Dcocoon.workers.seed=N} when, and whom.
 */
@Timeout(value = 150, unit = TimeUnit.MINUTES)
class ModelKillTest {
  private static final int STREAMS = 16;
  private static final int KILLS = Integer.getInteger("cocoon.workers.modelKills", 2);
  private static final long SEED = Long.getLong("cocoon.workers.seed", 5);
  private static final int MOST_BETWEEN_MILLIS = 3_000;
  private static final int QUESTIONS = 8;
  private static final int MOST_TOKENS = 48;
  private static final String SYSTEM = "You are a helpful assistant.";

  /** How far a token may be below the likeliest at its place, in logits: what rounding can do. */
  private static final double MOST_BELOW = 2;

  /**
   * How many broken answers the judge must find, of all. A small model says some things twice by
   * itself, and goes on from a gap in a list as from none: those it cannot find. Of the many
   * answers that kills would break it finds most.
   */
  private static final double LEAST_FOUND = 0.5;

  private final AtomicBoolean enough = new AtomicBoolean();
  private final Collection<Answered> answered = new ConcurrentLinkedQueue<>();

  /** A question, its prompt's tokens, and the answer of a worker that had nothing else to do. */
  private record Question(String text, int[] prompt, SseAnswer undisturbed) {}

  private record Answered(Question question, SseAnswer answer) {}

  @Test
  void everyAnswerIsOneThatTheModelGivesWhenWorkersAreKilledUnderIt(@TempDir Path folder)
      throws Exception {
    Path built = Repository.root().resolve("native/target");
    Path bridge = built.resolve("bridge");
    Path model = built.resolve("model.gguf").toRealPath();
    try (TestNetwork network = new TestNetwork(folder);
        GreedyJudge judge = new GreedyJudge(bridge, model);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Random random = new Random(SEED);
      WorkerKiller killer = new WorkerKiller(network, random, worker(bridge, model));
      List<Question> questions = new ArrayList<>();
      for (int i = 0; i < QUESTIONS; i++) {
        questions.add(question(network, judge, "What happened in the year " + (1800 + 7 * i)));
      }
      judgeFindsWhatIsBroken(judge, questions);
      List<Future<?>> clients = new ArrayList<>();
      for (int i = 0; i < STREAMS; i++) {
        Random turns = new Random(SEED * 1_000 + i);
        clients.add(threads.submit(() -> askUntilEnough(network, questions, turns)));
      }
      try {
        killer.kill(KILLS, MOST_BETWEEN_MILLIS);
      } finally {
        enough.set(true);
      }
      for (Future<?> client : clients) {
        client.get();
      }
      System.out.printf(
          "workers killed: %d, of them with streams: %d%n%s%n",
          KILLS, killer.busy(), judged(judge));
      chargedOnce(network, questions);
    }
  }

  private static String[] worker(Path bridge, Path model) {
    return new String[] {
      "--engine",
      "llama",
      "--native",
      bridge.toString(),
      "--model",
      model.toString(),
      "--model-name",
      "real",
      "--slots",
      "16",
      "--context",
      "256",
      "--threads",
      "1"
    };
  }

  private static Question question(TestNetwork network, GreedyJudge judge, String text)
      throws Exception {
    int[] prompt =
        judge.prompt(
            "<|im_start|>system\n%s<|im_end|>\n<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n"
                .formatted(SYSTEM, text));
    SseAnswer answer = ask(network, text);
    assertEquals(prompt.length, tokens(answer, "prompt_tokens"), "the judge has the same prompt");
    return new Question(text, prompt, answer);
  }

  private static SseAnswer ask(TestNetwork network, String text) throws Exception {
    JsonObject body =
        new JsonObject(SseAnswer.body(text, MOST_TOKENS))
            .put("model", "real")
            .put("ignore_eos", false)
            .put("logprobs", true);
    body.getJsonArray("messages")
        .add(0, new JsonObject().put("role", "system").put("content", SYSTEM));
    SseAnswer answer = SseAnswer.ask(network, body.encode(), chunks -> {});
    assertNull(answer.error(), () -> text + ": " + answer.error());
    assertTrue(answer.done());
    assertEquals(tokens(answer, "completion_tokens"), answer.pieces().size(), text);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    answer.pieces().forEach(bytes::writeBytes);
    assertEquals(bytes.toString(StandardCharsets.UTF_8), answer.text(), "text of all its tokens");
    return answer;
  }

  private static int tokens(SseAnswer answer, String which) {
    JsonObject usage = answer.usage();
    assertNotNull(usage);
    return usage.getInteger(which);
  }

  /** A missing token and one that is there twice must show, or the test would prove nothing. */
  private static void judgeFindsWhatIsBroken(GreedyJudge judge, List<Question> questions) {
    int found = 0;
    for (Question question : questions) {
      List<byte[]> whole = question.undisturbed.pieces();
      assertTrue(whole.size() > 8, question.text);
      assertTrue(worst(judge, question, whole) < MOST_BELOW, question.text);
      int middle = whole.size() / 2;
      List<byte[]> gap = new ArrayList<>(whole);
      gap.remove(middle);
      List<byte[]> repeat = new ArrayList<>(whole);
      repeat.add(middle, whole.get(middle));
      found += worst(judge, question, gap) < MOST_BELOW ? 0 : 1;
      found += worst(judge, question, repeat) < MOST_BELOW ? 0 : 1;
    }
    System.out.printf("of %d answers broken on purpose, found: %d%n", 2 * questions.size(), found);
    assertTrue(found >= LEAST_FOUND * 2 * questions.size(), "found " + found);
  }

  private static double worst(GreedyJudge judge, Question question, List<byte[]> pieces) {
    return judge.worst(question.prompt, judge.answer(pieces));
  }

  private Void askUntilEnough(TestNetwork network, List<Question> questions, Random turns)
      throws Exception {
    while (!enough.get()) {
      Question question = questions.get(turns.nextInt(questions.size()));
      answered.add(new Answered(question, ask(network, question.text)));
    }
    return null;
  }

  private String judged(GreedyJudge judge) {
    int same = 0;
    double worst = 0;
    for (Answered each : answered) {
      same += each.answer.text().equals(each.question.undisturbed.text()) ? 1 : 0;
      double below = worst(judge, each.question, each.answer.pieces());
      worst = Math.max(worst, below);
      assertTrue(below < MOST_BELOW, () -> below + " below the likeliest: " + each.answer.text());
    }
    return "answers: %d, all of them the model's (at most %.2f below the likeliest token); equal to an undisturbed run: %d (%.0f %%)"
        .formatted(answered.size(), worst, same, 100.0 * same / answered.size());
  }

  private void chargedOnce(TestNetwork network, List<Question> questions) throws Exception {
    int count = questions.size() + answered.size();
    long tokens = 0;
    for (Question question : questions) {
      tokens += tokens(question.undisturbed, "completion_tokens");
    }
    for (Answered each : answered) {
      tokens += tokens(each.answer, "completion_tokens");
    }
    network.await("every charge is applied", () -> charges(network) >= count);
    assertEquals(count, charges(network), "one charge for each answer");
    assertEquals(tokens, network.query("SELECT sum(completion_tokens) FROM usage"));
  }

  private static long charges(TestNetwork network) {
    try {
      return network.query("SELECT count(*) FROM usage");
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
