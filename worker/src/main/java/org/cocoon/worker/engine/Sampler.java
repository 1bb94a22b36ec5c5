package org.cocoon.worker.engine;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the next token from a row of logits.
 *
 * <p>In this order: what the form of the answer forbids is taken out; repetition penalty, frequency
 * and presence penalty, logit bias; then, unless the temperature is 0, temperature, top-k, top-p
 * over what top-k left, min-p, and a draw. Of equal logits the smaller id counts as the more
 * likely.
 *
 * <p>A token less than 2^-24 times as likely as the most likely one is never drawn: that is below
 * what a float can add, and it spares an exponential for most of the vocabulary. The survivors
 * stand in the order of their ids when one is drawn, so that nothing but a cut needs an order.
 *
 * <p>With a backend that returns candidates, penalties act on those alone. Holds scratch arrays;
 * one thread.
 */
final class Sampler {
  /** Natural logarithm of 2^-24. */
  private static final float FLOOR = -16.635532f;

  private final LogitRow row;
  private final int[] entries;
  private final float[] distances;
  private final double[] weights;
  private final LikelihoodCut cut;
  private int size;

  Sampler(LogitRow row) {
    this.row = row;
    entries = new int[row.size()];
    distances = new float[row.size()];
    weights = new double[row.size()];
    cut = new LikelihoodCut(row.size(), FLOOR);
  }

  /** The same for an answer that may look like anything. */
  int choose(Sampling sampling, TokenCounts counts, int position) {
    return choose(sampling, counts, position, null);
  }

  /**
   * Chooses from the row that was loaded last; changes its copy of the logits.
   *
   * @param counts tokens seen so far, if a penalty is asked for
   * @param position of the token in the answer, from 0
   * @param allowed what the token may be, as of {@link TokenMask#allowed}; null: anything
   * @return -1 where the row has none of those
   */
  int choose(Sampling sampling, TokenCounts counts, int position, long @Nullable [] allowed) {
    if (allowed != null && !row.restrict(allowed)) {
      return -1;
    }
    adjust(sampling, counts);
    int largest = row.largest();
    if (sampling.temperature() == 0) {
      return row.token(largest);
    }
    collect(row.logits()[largest], sampling.temperature());
    if (sampling.topK() > 0 && sampling.topK() < size) {
      keep(cut.mostLikely(distances, size, sampling.topK()));
    }
    weigh();
    if (sampling.topP() < 1) {
      keep(cut.nucleus(distances, weights, size, sampling.topP() * total()));
    }
    if (sampling.minP() > 0) {
      keepAbove(Math.log(sampling.minP()));
    }
    return row.token(draw(total() * Draws.unit(sampling.seed(), position)));
  }

  /** Whether penalties need to know which tokens came before. */
  static boolean countsTokens(Sampling sampling) {
    return sampling.repetitionPenalty() != 1
        || sampling.frequencyPenalty() != 0
        || sampling.presencePenalty() != 0;
  }

  private void adjust(Sampling sampling, TokenCounts counts) {
    if (countsTokens(sampling)) {
      if (row.isPartial()) {
        for (int i = 0; i < row.size(); i++) {
          penalise(i, counts.count(row.token(i)), sampling);
        }
      } else {
        counts.forEach((token, count) -> penalise(token, count, sampling));
      }
    }
    for (Map.Entry<Integer, Float> bias : sampling.logitBias().entrySet()) {
      int entry = row.entry(bias.getKey());
      if (entry >= 0) {
        row.logits()[entry] += bias.getValue();
      }
    }
  }

  private void penalise(int entry, int count, Sampling sampling) {
    if (count < 0) {
      return;
    }
    float[] logits = row.logits();
    float logit = logits[entry];
    float repetition = sampling.repetitionPenalty();
    logit = logit > 0 ? logit / repetition : logit * repetition;
    if (count > 0) {
      logit -= count * sampling.frequencyPenalty() + sampling.presencePenalty();
    }
    logits[entry] = logit;
  }

  /** Gathers what can be drawn, with its distance below the largest in units of temperature. */
  private void collect(float max, float temperature) {
    float[] logits = row.logits();
    float lowest = max + FLOOR * temperature;
    int count = 0;
    for (int i = 0; i < logits.length; i++) {
      if (logits[i] >= lowest) {
        entries[count++] = i;
      }
    }
    for (int i = 0; i < count; i++) {
      distances[i] = (logits[entries[i]] - max) / temperature;
    }
    size = count;
  }

  /** Drops what stands behind a cut. */
  private void keep(LikelihoodCut.Point point) {
    int kept = 0;
    for (int i = 0; i < size; i++) {
      float distance = distances[i];
      boolean isTied = distance == point.distance() && i <= point.index();
      if (distance > point.distance() || isTied) {
        move(i, kept++);
      }
    }
    size = kept;
  }

  private void keepAbove(double lowest) {
    int kept = 0;
    for (int i = 0; i < size; i++) {
      if (distances[i] >= lowest) {
        move(i, kept++);
      }
    }
    size = kept;
  }

  private void move(int from, int to) {
    entries[to] = entries[from];
    distances[to] = distances[from];
    weights[to] = weights[from];
  }

  private void weigh() {
    for (int i = 0; i < size; i++) {
      weights[i] = Math.exp(distances[i]);
    }
  }

  private double total() {
    double total = 0;
    for (int i = 0; i < size; i++) {
      total += weights[i];
    }
    return total;
  }

  private int draw(double target) {
    double sum = 0;
    for (int i = 0; i < size - 1; i++) {
      sum += weights[i];
      if (target < sum) {
        return entries[i];
      }
    }
    return entries[size - 1];
  }
}
