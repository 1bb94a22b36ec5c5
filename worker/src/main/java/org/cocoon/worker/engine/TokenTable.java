package org.cocoon.worker.engine;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.cocoon.backend.Vocabulary;
import org.jspecify.annotations.Nullable;

/**
 * A vocabulary's pieces, asked for once each: they are wanted for every token of every answer, and
 * the vocabulary may have to cross into native code. Any thread.
 */
final class TokenTable {
  private final Vocabulary vocabulary;
  private final AtomicReferenceArray<byte @Nullable []> pieces;

  TokenTable(Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
    pieces = new AtomicReferenceArray<>(vocabulary.size());
  }

  /** The bytes of a token, shared: not to be changed. */
  byte[] piece(int token) {
    byte[] piece = pieces.getAcquire(token);
    if (piece == null) {
      piece = vocabulary.piece(token);
      pieces.setRelease(token, piece);
    }
    return piece;
  }

  /** Whether a token ends an answer. */
  boolean endsGeneration(int token) {
    return vocabulary.endsGeneration(token);
  }

  /** How many tokens there are. */
  int size() {
    return pieces.length();
  }

  /** Whether a token is one of this vocabulary. */
  boolean contains(int token) {
    return token >= 0 && token < pieces.length();
  }
}
