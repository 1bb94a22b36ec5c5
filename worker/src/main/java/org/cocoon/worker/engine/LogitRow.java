package org.cocoon.worker.engine;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.BackendLimits;
import org.cocoon.backend.StepBatch;
import org.cocoon.worker.constraint.Tokens;

/**
 * One output row of a step, copied where it can be changed, for any kind of backend.
 *
 * <p>A backend that returns all logits gives a row whose entry i is token i. One that returns
 * candidates gives their ids beside them. Reused for every row; one thread.
 */
final class LogitRow {
  private final StepBatch batch;
  private final int vocabularySize;
  private final int candidates;
  private final float[] logits;
  private final int[] ids;
  private int row;

  LogitRow(StepBatch batch) {
    this.batch = batch;
    BackendLimits limits = batch.limits();
    vocabularySize = limits.vocabularySize();
    candidates = limits.candidates();
    logits = new float[candidates == 0 ? vocabularySize : candidates];
    ids = new int[candidates];
  }

  /** Takes a row of the batch's output. */
  void load(int outputRow) {
    row = outputRow;
    if (candidates == 0) {
      batch.logits().get(outputRow * vocabularySize, logits);
    } else {
      batch.candidateLogits().get(outputRow * candidates, logits);
      batch.candidateIds().get(outputRow * candidates, ids);
    }
  }

  /** Takes the same row once more. */
  void reload() {
    load(row);
  }

  /**
   * Takes out of this copy what a mask does not allow.
   *
   * @return false where nothing would be left; then the row is as it was
   */
  boolean restrict(long[] allowed) {
    boolean left = candidates > 0 ? restrictCandidates(allowed) : restrictAll(allowed);
    if (!left) {
      reload();
      largest(); // a row without one number is the backend's fault, not the form's
    }
    return left;
  }

  private boolean restrictCandidates(long[] allowed) {
    boolean left = false;
    for (int entry = 0; entry < candidates; entry++) {
      if (!Tokens.allows(allowed, ids[entry])) {
        logits[entry] = Float.NEGATIVE_INFINITY;
      }
      left |= logits[entry] > Float.NEGATIVE_INFINITY;
    }
    return left;
  }

  private boolean restrictAll(long[] allowed) {
    boolean left = false;
    for (int word = 0; word < allowed.length; word++) {
      int end = Math.min((word + 1) * Long.SIZE, vocabularySize);
      long bits = allowed[word];
      for (int token = word * Long.SIZE; token < end; token++, bits >>>= 1) {
        if ((bits & 1) == 0) {
          logits[token] = Float.NEGATIVE_INFINITY;
        }
        left |= logits[token] > Float.NEGATIVE_INFINITY;
      }
    }
    return left;
  }

  /** The entries' logits; changing them changes only this copy. */
  float[] logits() {
    return logits;
  }

  /** The token of an entry. */
  int token(int entry) {
    return candidates == 0 ? entry : ids[entry];
  }

  /** The entry of a token, or -1 where it is no candidate. */
  int entry(int token) {
    if (candidates == 0) {
      return token < vocabularySize ? token : -1;
    }
    for (int i = 0; i < candidates; i++) {
      if (ids[i] == token) {
        return i;
      }
    }
    return -1;
  }

  /** An entry's logit as the backend gave it, whatever has been changed since. */
  float raw(int entry) {
    FloatBuffer source = candidates == 0 ? batch.logits() : batch.candidateLogits();
    return source.get(row * logits.length + entry);
  }

  /** Log of the sum of the exponentials of all raw logits of the vocabulary. */
  double logSumExp() {
    if (candidates > 0) {
      return batch.logSumExp().get(row);
    }
    batch.logits().get(row * vocabularySize, logits);
    return Softmax.logSumExp(logits);
  }

  /** Entry of the largest logit, the first of equals. */
  int largest() {
    int entry = Softmax.argmax(logits);
    if (entry < 0) {
      throw new BackendException("the backend returned a row without one number in it");
    }
    return entry;
  }

  /** Whether the backend gives only its most likely tokens. */
  boolean isPartial() {
    return candidates > 0;
  }

  /** How many entries a row has. */
  int size() {
    return logits.length;
  }

  @Override
  public String toString() {
    return "LogitRow[" + row + ", " + Arrays.hashCode(logits) + "]";
  }
}
