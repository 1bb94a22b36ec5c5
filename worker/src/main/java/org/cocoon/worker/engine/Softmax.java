package org.cocoon.worker.engine;

/** Passes over a row of logits. Numbers that are not finite are as good as absent. */
final class Softmax {
  /**
   * Natural logarithm of 2^-32: below this distance from the largest logit, a whole vocabulary of
   * 2^18 tokens changes the sum of exponentials by less than one part in ten thousand.
   */
  private static final float NEGLIGIBLE = -22.2f;

  /** Values whose maximum is found at once; only the block that holds the largest is searched. */
  private static final int BLOCK = 512;

  private Softmax() {}

  /**
   * Index of the largest value, the first of equals; -1 where nothing is larger than minus
   * infinity.
   */
  static int argmax(float[] values) {
    float max = Float.NEGATIVE_INFINITY;
    int block = -1;
    for (int from = 0; from < values.length; from += BLOCK) {
      float blockMax = max(values, from, Math.min(from + BLOCK, values.length));
      if (blockMax > max) {
        max = blockMax;
        block = from;
      }
    }
    int index = block;
    while (index >= 0 && values[index] != max) {
      index++;
    }
    return index;
  }

  /** Four lanes break the chain of compares that a single maximum would be. */
  private static float max(float[] values, int from, int to) {
    float a = Float.NEGATIVE_INFINITY;
    float b = a;
    float c = a;
    float d = a;
    int i = from;
    for (; i + 3 < to; i += 4) {
      a = values[i] > a ? values[i] : a;
      b = values[i + 1] > b ? values[i + 1] : b;
      c = values[i + 2] > c ? values[i + 2] : c;
      d = values[i + 3] > d ? values[i + 3] : d;
    }
    for (; i < to; i++) {
      a = values[i] > a ? values[i] : a;
    }
    return Math.max(Math.max(a, b), Math.max(c, d));
  }

  /** Log of the sum of the exponentials. */
  static double logSumExp(float[] values) {
    int largest = argmax(values);
    if (largest < 0) {
      return Double.NEGATIVE_INFINITY;
    }
    float max = values[largest];
    double sum = 0;
    for (float value : values) {
      float distance = value - max;
      if (distance > NEGLIGIBLE) {
        sum += Math.exp(distance);
      }
    }
    return max + Math.log(sum);
  }
}
