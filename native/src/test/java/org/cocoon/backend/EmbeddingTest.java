package org.cocoon.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Vectors of texts by the real model, SmolLM2-135M-Instruct. */
final class EmbeddingTest {
  private static final String CAT = "The cat sleeps on the warm windowsill.";
  private static final String KITTEN = "A kitten is napping on the sunny window ledge.";
  private static final String LAW = "The court adjourned the tax appeal until March.";

  /**
   * Cosine distance that other shapes of batches may make: the kernels' rounding, and that of
   * quantised products.
   */
  private static final double TOLERANCE = 1e-3;

  private static final LlamaBackend backend = LlamaModels.open(2, 256, 64, 1);
  private final EmbeddingBatch batch = new EmbeddingBatch(backend.embeddingSize());

  @AfterEach
  void forget() {
    for (int i = 0; i < EmbeddingBatch.SEQUENCES; i++) {
      backend.forgetEmbedding(i);
    }
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  private int[] tokens(String text) {
    return backend.vocabulary().tokenize(text, false);
  }

  /** The vector of one text, cut into parts of so many tokens. */
  private float[] alone(int sequence, String text, int part) {
    int[] tokens = tokens(text);
    batch.begin(sequence);
    for (int from = 0; from < tokens.length; from += part) {
      batch.clear();
      for (int i = from; i < Math.min(from + part, tokens.length); i++) {
        batch.add(tokens[i], i, sequence);
      }
      backend.embed(batch);
    }
    backend.forgetEmbedding(sequence);
    return batch.vector(sequence);
  }

  private static double cosine(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += (double) one[i] * other[i];
    }
    return sum;
  }

  private static void assertSame(float[] expected, float[] actual) {
    assertTrue(cosine(expected, actual) > 1 - TOLERANCE, "cosine " + cosine(expected, actual));
  }

  @Test
  void aVectorHasLengthOneAndOneTextHasOne() {
    float[] vector = alone(0, CAT, EmbeddingBatch.TOKENS);
    assertEquals(576, vector.length);
    assertEquals(1, cosine(vector, vector), 1e-5);
    assertArrayEquals(vector, alone(0, CAT, EmbeddingBatch.TOKENS));
    assertSame(vector, alone(5, CAT, EmbeddingBatch.TOKENS));
  }

  @Test
  void textsInOneBatchHaveTheVectorsThatTheyHaveAlone() {
    List<String> texts = List.of(CAT, KITTEN, LAW);
    List<float[]> alone = new ArrayList<>();
    texts.forEach(text -> alone.add(alone(0, text, EmbeddingBatch.TOKENS)));
    batch.clear();
    for (int s = 0; s < 3; s++) {
      batch.begin(s);
      int[] tokens = tokens(texts.get(s));
      for (int i = 0; i < tokens.length; i++) {
        batch.add(tokens[i], i, s);
      }
    }
    backend.embed(batch);
    for (int s = 0; s < 3; s++) {
      assertSame(alone.get(s), batch.vector(s));
    }
  }

  @Test
  void aLongTextMayBeCutAnywhere() {
    String story = (CAT + " " + LAW + " ").repeat(8);
    float[] whole = alone(0, story, EmbeddingBatch.TOKENS);
    assertSame(whole, alone(1, story, 7));
  }

  @Test
  void textsThatMeanTheLikeAreCloserThanOthers() {
    float[] cat = alone(0, CAT, EmbeddingBatch.TOKENS);
    double near = cosine(cat, alone(0, KITTEN, EmbeddingBatch.TOKENS));
    double far = cosine(cat, alone(0, LAW, EmbeddingBatch.TOKENS));
    assertTrue(near > far, near + " and " + far);
  }

  @Test
  void answersAreComputedBesideItAsIfItWereNot() {
    Driver driver = new Driver(backend);
    int[] story = tokens(CAT.repeat(2));
    driver.prefill(0, story);
    float[] expected = driver.logits(0);
    alone(0, LAW, 5);
    driver.truncate(0, 0);
    batch.clear();
    batch.begin(0);
    batch.add(tokens(LAW)[0], 0, 0);
    backend.embed(batch);
    driver.prefill(0, story);
    float[] actual = driver.logits(0);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], 1e-3f);
    }
  }

  @Test
  void whatIsWrongIsRefusedAndChangesNothing() {
    float[] vector = alone(0, CAT, EmbeddingBatch.TOKENS);
    batch.clear();
    assertThrows(BackendException.class, () -> backend.embed(batch));
    for (int[] wrong : new int[][] {{1, 1, 0}, {1, 0, 8}, {1, 0, -1}, {-1, 0, 0}, {49_152, 0, 0}}) {
      batch.clear();
      batch.add(wrong[0], wrong[1], wrong[2]);
      assertThrows(BackendException.class, () -> backend.embed(batch), Arrays.toString(wrong));
    }
    assertThrows(BackendException.class, () -> backend.forgetEmbedding(8));
    assertThrows(
        BackendException.class,
        () -> backend.embed(new EmbeddingBatch(backend.embeddingSize() + 1)));
    assertArrayEquals(vector, alone(0, CAT, EmbeddingBatch.TOKENS));
  }

  @Test
  void sequencesHoldNoMoreThanAContextTogether() {
    int[] text = tokens(CAT);
    for (int at = 0; at < 240; at += 60) {
      batch.clear();
      for (int i = at; i < at + 60; i++) {
        batch.add(text[i % text.length], i, 3);
      }
      backend.embed(batch);
    }
    batch.clear();
    for (int i = 0; i < 17; i++) {
      batch.add(text[0], i, 4);
    }
    assertThrows(BackendException.class, () -> backend.embed(batch));
    backend.forgetEmbedding(3);
    backend.embed(batch);
  }
}
