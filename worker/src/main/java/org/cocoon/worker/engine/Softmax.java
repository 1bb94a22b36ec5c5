package org.cocoon.worker.engine;

/** Passes over a row of logits. Numbers that are not finite are as good as absent. */
final class Softmax {
  /**
   * Natural logarithm of 2^-32: below this distance from the largest logit, a whole vocabulary of
   * 2^18 tokens changes the sum of exponentials by less than one part in ten thousand.
   */
  private static final float NEGLIGIBLE = -22.2f;

  private Softmax() {}

  /**
   * Index of the largest value, the first of equals; -1 where nothing is larger than minus
   * infinity.
   */
  static int argmax(float[] values) {
    // Four lanes break the chain of compares that a single maximum would be.
    float a = Float.NEGATIVE_INFINITY;
    float b = a;
    float c = a;
    float d = a;
    int whole = values.length & ~3;
    for (int i = 0; i < whole; i += 4) {
      a = values[i] > a ? values[i] : a;
      b = values[i + 1] > b ? values[i + 1] : b;
      c = values[i + 2] > c ? values[i + 2] : c;
      d = values[i + 3] > d ? values[i + 3] : d;
    }
    for (int i = whole; i < values.length; i++) {
      a = values[i] > a ? values[i] : a;
    }
    float max = Math.max(Math.max(a, b), Math.max(c, d));
    if (max == Float.NEGATIVE_INFINITY) {
      return -1;
    }
    int index = 0;
    while (values[index] != max) {
      index++;
    }
    return index;
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
