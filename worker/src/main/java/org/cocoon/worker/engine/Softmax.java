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
    // A new largest value is rare, so the branch is as good as free: lanes, blocks and a vectorised
    // maximum with a second search were all measured slower.
    float max = Float.NEGATIVE_INFINITY;
    int index = -1;
    for (int i = 0; i < values.length; i++) {
      if (values[i] > max) {
        max = values[i];
        index = i;
      }
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
