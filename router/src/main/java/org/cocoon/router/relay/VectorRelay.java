package org.cocoon.router.relay;

import com.google.protobuf.ByteString;
import java.util.BitSet;
import org.cocoon.link.wire.Continuation;
import org.cocoon.link.wire.Tokens;
import org.cocoon.router.request.Answer;

/**
 * Relays vectors of texts. The client gets them all at the end, so another worker begins again from
 * nothing.
 */
final class VectorRelay extends Relay {
  /** float32 values of one vector, at most. */
  static final int MOST_VALUES = 16_384;

  private final int texts;
  private final BitSet came = new BitSet();
  private int bytesOfOne;

  VectorRelay(Answer answer, int texts) {
    super(answer);
    this.texts = texts;
  }

  @Override
  void begins() {
    came.clear();
    bytesOfOne = 0;
  }

  @Override
  int fresh(Tokens tokens) {
    return tokens.getIdsCount() == 0 && tokens.getSealedCount() == 0 ? 0 : -1;
  }

  @Override
  boolean fits(Tokens tokens, int tokensThen) {
    int size = tokens.getVector().size();
    int text = tokens.getInput();
    return size > 0
        && size % Float.BYTES == 0
        && size <= MOST_VALUES * Float.BYTES
        && (bytesOfOne == 0 || size == bytesOfOne)
        && text >= 0
        && text < texts
        && !came.get(text)
        && finite(tokens.getVector())
        && tokens.getText().isEmpty()
        && tokens.getLogprobsCount() == 0
        && tokens.getSealed().isEmpty();
  }

  /** What is not a number has no form in JSON. */
  private static boolean finite(ByteString vector) {
    for (int i = 0; i < vector.size(); i += Float.BYTES) {
      int exponent = (vector.byteAt(i + 3) & 0x7f) << 1 | (vector.byteAt(i + 2) & 0x80) >> 7;
      if (exponent == 0xff) {
        return false;
      }
    }
    return true;
  }

  @Override
  void keep(Tokens tokens, int tokensBefore) {
    came.set(tokens.getInput());
    bytesOfOne = tokens.getVector().size();
  }

  @Override
  void show(Tokens tokens, Answer to) {
    to.vector(tokens.getInput(), tokens.getVector().toByteArray());
  }

  @Override
  Continuation soFar(boolean withText) {
    throw new IllegalStateException("vectors are made anew");
  }

  @Override
  public boolean begun() {
    return false;
  }

  @Override
  public int progress() {
    return came.cardinality();
  }

  @Override
  public boolean complete() {
    return came.cardinality() == texts;
  }
}
