package org.cocoon.backend;

import java.util.Arrays;

/** Drives a backend the way a scheduler does, for tests: it knows how long each sequence is. */
final class Driver {
  private final Backend backend;
  private final StepBatch batch;
  private final int[] lengths;

  Driver(Backend backend) {
    this.backend = backend;
    batch = new StepBatch(backend.limits());
    lengths = new int[backend.limits().sequences()];
  }

  StepBatch batch() {
    return batch;
  }

  int length(int sequence) {
    return lengths[sequence];
  }

  void begin() {
    batch.clear();
  }

  /** Adds one token and returns its row, or -1. */
  int add(int sequence, int token, boolean wantsLogits) {
    return batch.add(token, lengths[sequence]++, sequence, wantsLogits);
  }

  void step() {
    backend.step(batch);
  }

  /** Computes tokens in steps of at most {@code chunk}; the last token's row is row 0. */
  void prefill(int sequence, int[] tokens, int chunk) {
    for (int from = 0; from < tokens.length; from += chunk) {
      int to = Math.min(tokens.length, from + chunk);
      begin();
      for (int i = from; i < to; i++) {
        add(sequence, tokens[i], i == tokens.length - 1);
      }
      step();
    }
  }

  void prefill(int sequence, int[] tokens) {
    prefill(sequence, tokens, backend.limits().batchTokens());
  }

  /** Computes one token and leaves its output in row 0. */
  void next(int sequence, int token) {
    prefill(sequence, new int[] {token});
  }

  void truncate(int sequence, int fromPosition) {
    backend.truncate(sequence, fromPosition);
    lengths[sequence] = Math.min(lengths[sequence], fromPosition);
  }

  void copyPrefix(int from, int to, int tokens) {
    backend.copyPrefix(from, to, tokens);
    lengths[to] = tokens;
  }

  /** The most likely token of a row. */
  int likeliest(int row) {
    if (backend.limits().candidates() > 0) {
      return batch.candidateIds().get(row * backend.limits().candidates());
    }
    float[] logits = logits(row);
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  /** A copy of a row's logits. */
  float[] logits(int row) {
    int size = backend.limits().vocabularySize();
    float[] logits = new float[size];
    batch.logits().get(row * size, logits);
    return logits;
  }

  /** Goes on greedily from row 0 until an end token, which is not returned. */
  int[] greedy(int sequence, int count) {
    int[] answer = new int[count];
    for (int i = 0; i < count; i++) {
      int token = likeliest(0);
      if (backend.vocabulary().endsGeneration(token)) {
        return Arrays.copyOf(answer, i);
      }
      answer[i] = token;
      next(sequence, token);
    }
    return answer;
  }
}
