package org.cocoon.worker.engine;

import java.util.Arrays;

/**
 * Learns from the steps that were made how long the next one will take.
 *
 * <p>The model is {@code base + d * decodes + p * prefills + a * attended}: reading the weights
 * costs the same for any batch, a token that continues an answer and one of a prompt each cost
 * something of their own, and attention grows with the tokens that each of them looks back at. No
 * part is negative. The parts are fitted by least squares of the relative error over the last
 * {@value #KEPT} steps without prompt tokens and the last {@value #KEPT} with some. Two windows, so
 * that a quiet hour does not make it forget what a prompt costs; a window and no gain, so that one
 * odd step is gone after a while. On top of that, a factor follows how much slower than fitted the
 * very last steps were: others use the machine too.
 *
 * <p>Deterministic: its only clock is what it is told. One thread.
 */
final class StepCost {
  private static final int KEPT = 64;
  private static final int PARTS = 4;
  private static final int SWEEPS = 60;

  /** A full window is fitted again only after so many steps: that takes some microseconds. */
  private static final int REFIT = 4;

  /** Weight of the last step in the factor. */
  private static final double RECENT = 0.2;

  /** One step changes the factor as if it had been at most this many times off. */
  private static final double MOST_ODD = 3;

  /** Keeps attended tokens in the order of the other features. */
  private static final double ATTENDED_UNIT = 1000;

  private final Window decoding = new Window();
  private final Window prefilling = new Window();
  private final double[] parts = new double[PARTS];
  private final double[][] products = new double[PARTS][PARTS];
  private final double[] targets = new double[PARTS];
  private final double[] features = new double[PARTS];
  private double factor = 1;
  private boolean fitted = true;

  /** The last steps of one kind: their features, and the nanoseconds that they took. */
  private static final class Window {
    final double[][] steps = new double[KEPT][PARTS + 1];
    int made;

    void add(double[] features, long nanos) {
      double[] step = steps[made++ % KEPT];
      System.arraycopy(features, 0, step, 0, PARTS);
      step[PARTS] = nanos;
    }

    int size() {
      return Math.min(made, KEPT);
    }
  }

  /**
   * Hears of a step.
   *
   * @param decodes tokens that continued answers
   * @param prefills tokens of prompts
   * @param attended sum over all these of the tokens that each looks back at, itself included
   * @param nanos that it took; a step that took no time tells nothing
   */
  void observe(int decodes, int prefills, long attended, long nanos) {
    if (nanos <= 0) {
      return;
    }
    double expected = nanos(decodes, prefills, attended);
    if (expected > 0) {
      double odd = Math.clamp(nanos / (expected / factor), 1 / MOST_ODD, MOST_ODD);
      factor += RECENT * (odd - factor);
    }
    describe(decodes, prefills, attended);
    Window window = prefills > 0 ? prefilling : decoding;
    window.add(features, nanos);
    fitted &= window.made > KEPT && window.made % REFIT != 0;
  }

  /** How many steps with prompt tokens it has heard of. */
  int prefillsObserved() {
    return prefilling.made;
  }

  /** How long such a step will take, in nanoseconds; 0 as long as nothing is known. */
  double nanos(int decodes, int prefills, long attended) {
    if (!fitted) {
      fit();
    }
    describe(decodes, prefills, attended);
    double sum = 0;
    for (int i = 0; i < PARTS; i++) {
      sum += parts[i] * features[i];
    }
    return sum * factor;
  }

  private void describe(int decodes, int prefills, long attended) {
    features[0] = 1;
    features[1] = decodes;
    features[2] = prefills;
    features[3] = attended / ATTENDED_UNIT;
  }

  /** Non-negative least squares by coordinate descent; each step weighs by its relative error. */
  private void fit() {
    Arrays.fill(targets, 0);
    for (double[] row : products) {
      Arrays.fill(row, 0);
    }
    sum(decoding);
    sum(prefilling);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
      for (int i = 0; i < PARTS; i++) {
        double rest = targets[i];
        for (int j = 0; j < PARTS; j++) {
          rest -= j == i ? 0 : products[i][j] * parts[j];
        }
        parts[i] = products[i][i] == 0 ? 0 : Math.max(rest / products[i][i], 0);
      }
    }
    fitted = true;
  }

  private void sum(Window window) {
    for (int k = 0; k < window.size(); k++) {
      double[] step = window.steps[k];
      double nanos = step[PARTS];
      for (int i = 0; i < PARTS; i++) {
        targets[i] += step[i] / nanos;
        for (int j = 0; j < PARTS; j++) {
          products[i][j] += step[i] * step[j] / (nanos * nanos);
        }
      }
    }
  }
}
