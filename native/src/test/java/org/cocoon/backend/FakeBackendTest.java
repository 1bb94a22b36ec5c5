package org.cocoon.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class FakeBackendTest {
  private static final int[] PROMPT = FakeModel.tokenize("user: why is the sky blue?\nassistant:");

  private static FakeOptions small() {
    return FakeOptions.DEFAULT.withSizes(4, 256, 64).withAnswerTokens(0);
  }

  @Test
  void answersWhatTheModelSays() {
    Driver driver = new Driver(FakeBackend.open(small()));
    driver.prefill(2, PROMPT, 5);
    assertArrayEquals(FakeModel.answer(PROMPT, 100), driver.greedy(2, 100));
  }

  @Test
  void aPinnedAnswerNeverChanges() {
    assertEquals(
        " gbd k98 va9 q66 red b64",
        FakeModel.text(FakeModel.answer(FakeModel.tokenize("Hello"), 6)));
  }

  @Test
  void everyEarlierTokenMatters() {
    int[] last = FakeModel.answer(PROMPT, 64);
    for (int i = 0; i < PROMPT.length; i++) {
      int[] changed = PROMPT.clone();
      changed[i] ^= 1;
      int[] answer = FakeModel.answer(changed, 64);
      long same = IntStream.range(0, 64).filter(t -> answer[t] == last[t]).count();
      assertTrue(same < 4, "position " + i + " changed only " + (64 - same) + " tokens");
    }
  }

  @Test
  void endsAfterTheConfiguredLengthAndOnlyThere() {
    Driver driver = new Driver(FakeBackend.open(small().withAnswerTokens(9)));
    driver.prefill(0, PROMPT);
    int[] answer = driver.greedy(0, 100);
    int[] expected = FakeModel.answer(PROMPT, 40);
    assertArrayEquals(Arrays.copyOf(expected, 9), answer);

    // Whoever forbids the end token takes the second candidate, and the answer goes on.
    assertEquals(FakeModel.END_TOKEN, driver.batch().candidateIds().get(0));
    assertEquals(expected[9], driver.batch().candidateIds().get(1));
    driver.next(0, expected[9]);
    assertArrayEquals(Arrays.copyOfRange(expected, 10, 40), driver.greedy(0, 30));
  }

  @Test
  void anAnswerContinuedElsewhereEndsAtTheSameToken() {
    int[] answer = FakeModel.answer(PROMPT, 9);
    int[] soFar = IntStream.concat(Arrays.stream(PROMPT), Arrays.stream(answer, 0, 4)).toArray();
    Driver driver = new Driver(FakeBackend.open(small().withAnswerTokens(9)));
    driver.prefill(1, soFar);
    assertArrayEquals(Arrays.copyOfRange(answer, 4, 9), driver.greedy(1, 100));
  }

  @Test
  void anyMixOfSequencesCutsAndCopiesAnswersAsTheModelDoes() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Driver driver = new Driver(FakeBackend.open(small()));
    int[][] held = new int[4][0];
    for (int round = 0; round < 2_000; round++) {
      int sequence = random.nextInt(4);
      int[] tokens = held[sequence];
      int other = random.nextInt(4);
      if (tokens.length > 200 || (tokens.length > 0 && random.nextInt(4) == 0)) {
        int cut = random.nextInt(tokens.length);
        driver.truncate(sequence, cut);
        held[sequence] = Arrays.copyOf(tokens, cut);
      } else if (tokens.length == 0 && other != sequence && held[other].length > 0) {
        int taken = random.nextInt(held[other].length + 1);
        driver.copyPrefix(other, sequence, taken);
        held[sequence] = Arrays.copyOf(held[other], taken);
      } else {
        int[] more = random.ints(1 + random.nextInt(20), 0, FakeModel.VOCABULARY_SIZE).toArray();
        held[sequence] = IntStream.concat(Arrays.stream(tokens), Arrays.stream(more)).toArray();
        driver.prefill(sequence, more);
        assertEquals(
            FakeModel.answer(held[sequence], 1)[0],
            driver.likeliest(0),
            "round " + round + " of seed " + seed);
      }
    }
  }

  @Test
  void aWrongBatchIsRefusedAndChangesNothing() {
    FakeBackend backend = FakeBackend.open(small());
    Driver driver = new Driver(backend);
    driver.prefill(0, PROMPT);
    StepBatch wrong = new StepBatch(backend.limits());
    wrong.add(1, PROMPT.length, 0, true);
    wrong.add(1, PROMPT.length + 2, 0, true);
    assertThrows(BackendException.class, () -> backend.step(wrong));
    int[] more = {65};
    driver.prefill(0, more);
    assertEquals(
        FakeModel.answer(IntStream.concat(Arrays.stream(PROMPT), Arrays.stream(more)).toArray(), 1)[
            0],
        driver.likeliest(0));
  }

  @Test
  void theSecondCandidateIsNeverTheFirst() {
    long state = FakeModel.EMPTY_STATE;
    for (int i = 0; i < 100_000; i++) {
      state = FakeModel.advance(state, i & 255);
      assertNotEquals(FakeModel.likeliest(state), FakeModel.secondLikeliest(state));
    }
  }

  @Test
  void everyGeneratedTokenHasItsOwnPieceOfFourAsciiCharacters() {
    Set<String> pieces = new HashSet<>();
    for (int t = FakeModel.FIRST_GENERATED; t < FakeModel.END_TOKEN; t++) {
      String piece = FakeModel.text(new int[] {t});
      assertTrue(piece.matches(" [a-z][0-9a-f]{2}"), piece);
      pieces.add(piece);
    }
    assertEquals(FakeModel.GENERATED_TOKENS, pieces.size());
  }

  @Test
  void textBecomesTokensAndTextAgain() {
    String text = "na\u00efve \ud83d\ude00 <|im_start|>";
    assertEquals(text, FakeModel.text(FakeModel.tokenize(text)));
  }

  @Test
  void stepsKeepTheirBeatAndFirstTokensTheirDelay() {
    ManualClock clock = new ManualClock();
    Driver driver = new Driver(FakeBackend.open(small().withPace(100, 250), clock));
    driver.prefill(0, PROMPT);
    assertEquals(250_000_000, clock.now, "the first token's delay");
    for (int i = 1; i <= 50; i++) {
      clock.now += 1_000_000; // a scheduler's own time, within the beat
      driver.next(0, driver.likeliest(0));
      assertEquals(250_000_000 + i * 10_000_000L, clock.now);
    }
    clock.now += 700_000_000; // idle: the beat starts anew
    driver.next(0, driver.likeliest(0));
    assertEquals(250_000_000 + 50 * 10_000_000L + 710_000_000L, clock.now);
  }

  @Test
  void stepsDoNotAllocate() {
    FakeBackend backend = FakeBackend.open(FakeOptions.DEFAULT.withAnswerTokens(0));
    Driver driver = new Driver(backend);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    decode(driver, 2_000); // lets the compilers finish
    int steps = 2_000;
    long before = threads.getCurrentThreadAllocatedBytes();
    decode(driver, steps);
    long bytes = threads.getCurrentThreadAllocatedBytes() - before;
    assertTrue(bytes < steps, bytes + " bytes in " + steps + " steps of 64 tokens");
  }

  private static void decode(Driver driver, int steps) {
    for (int step = 0; step < steps; step++) {
      driver.begin();
      for (int sequence = 0; sequence < 64; sequence++) {
        driver.add(sequence, FakeModel.FIRST_GENERATED + step, true);
      }
      driver.step();
    }
  }

  private static final class ManualClock implements Pace.Clock {
    private long now;

    @Override
    public long nanoTime() {
      return now;
    }

    @Override
    public void park(long nanos) {
      now += nanos;
    }
  }
}
