package org.cocoon.bench.network;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.cocoon.backend.Backend;
import org.cocoon.backend.LlamaBackend;
import org.cocoon.backend.LlamaOptions;
import org.cocoon.backend.StepBatch;
import org.cocoon.backend.Vocabulary;

/**
 * Tells whether an answer is one that a model gives greedily: reads prompt and answer, and looks
 * how far each token is below the likeliest one at its place. Rounding moves that by some tenths; a
 * token that is missing or there twice, by much more. One thread.
 */
final class GreedyJudge implements AutoCloseable {
  private static final int CONTEXT = 512;

  /** Rows of logits that one step may give. */
  private static final int ROWS = 48;

  private final Backend backend;
  private final Vocabulary vocabulary;
  private final StepBatch batch;
  private final Map<ByteBuffer, Integer> ids = new HashMap<>();

  GreedyJudge(Path nativeFolder, Path model) {
    backend =
        LlamaBackend.open(new LlamaOptions(nativeFolder, model, "judge", ROWS, CONTEXT, ROWS, 1));
    vocabulary = backend.vocabulary();
    batch = new StepBatch(backend.limits());
    for (int id = 0; id < vocabulary.size(); id++) {
      ids.putIfAbsent(ByteBuffer.wrap(vocabulary.piece(id)), id);
    }
  }

  /** Cuts a prompt into tokens, special ones too. */
  int[] prompt(String text) {
    return vocabulary.tokenize(text, true);
  }

  /** The tokens whose bytes these are. */
  int[] answer(List<byte[]> pieces) {
    return pieces.stream().mapToInt(piece -> ids.get(ByteBuffer.wrap(piece))).toArray();
  }

  /** How far the answer's worst token is below the likeliest at its place, in logits. */
  double worst(int[] prompt, int[] answer) {
    backend.truncate(0, 0);
    double worst = 0;
    int[] all = new int[prompt.length + answer.length];
    System.arraycopy(prompt, 0, all, 0, prompt.length);
    System.arraycopy(answer, 0, all, prompt.length, answer.length);
    for (int from = 0; from < all.length; from += ROWS) {
      int to = Math.min(all.length, from + ROWS);
      batch.clear();
      for (int i = from; i < to; i++) {
        batch.add(all[i], i, 0, true);
      }
      backend.step(batch);
      for (int i = Math.max(from, prompt.length - 1); i < Math.min(to, all.length - 1); i++) {
        worst = Math.max(worst, below(i - from, all[i + 1]));
      }
    }
    return worst;
  }

  private double below(int row, int token) {
    FloatBuffer logits = batch.logits();
    int size = vocabulary.size();
    float most = Float.NEGATIVE_INFINITY;
    for (int id = 0; id < size; id++) {
      most = Math.max(most, logits.get(row * size + id));
    }
    return most - logits.get(row * size + token);
  }

  @Override
  public void close() {
    backend.close();
  }
}
