package org.cocoon.router.relay;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import org.cocoon.link.wire.Continuation;
import org.cocoon.link.wire.Tokens;
import org.cocoon.router.request.Answer;

/**
 * Relays an answer that only its client can read: another worker of the model's group opens the
 * chunks that the client has, and goes on from them.
 *
 * <p>The router counts by what the worker says that a chunk holds. The client sees the same figure
 * beside what it opens, so a worker that counts too many is found out by who pays.
 */
final class SealedRelay extends Relay {
  /** Of an answer beyond its tokens: salts, tags and the padding of each chunk. */
  static final int MOST_BYTES_BESIDE = 4 << 10;

  /** For each token: a chunk around it alone, or 20 log probabilities within it. */
  static final int MOST_BYTES_PER_TOKEN = 1 << 10;

  /**
   * Kept of one answer: with the longest prompt it still goes down a link as one message. Of chunks
   * with one token each, which cost about 160 bytes, these are 50,000.
   */
  static final int MOST_BYTES_KEPT = 8 << 20;

  private final ChunkMemory memory;
  private final List<ByteString> chunks = new ArrayList<>();
  private long bytes;
  private long taken;
  private boolean forgotten;

  SealedRelay(Answer answer, ChunkMemory memory) {
    super(answer);
    this.memory = memory;
  }

  @Override
  int fresh(Tokens tokens) {
    return tokens.getSealedCount();
  }

  @Override
  boolean fits(Tokens tokens, int tokensThen) {
    int size = tokens.getSealed().size();
    return size > 0
        && size <= MOST_BYTES_BESIDE + (long) MOST_BYTES_PER_TOKEN * tokensThen - bytes
        && tokens.getIdsCount() == 0
        && tokens.getText().isEmpty()
        && tokens.getVector().isEmpty()
        && tokens.getLogprobsCount() == 0;
  }

  @Override
  void keep(Tokens tokens, int tokensBefore) {
    ByteString chunk = tokens.getSealed();
    bytes += chunk.size();
    if (forgotten) {
      return;
    }
    long cost = ChunkMemory.cost(chunk.size());
    if (cost > MOST_BYTES_KEPT - taken || !memory.take(cost)) {
      close();
      forgotten = true; // the answer goes on, but no other worker could
      return;
    }
    taken += cost;
    chunks.add(chunk);
  }

  @Override
  void show(Tokens tokens, Answer to) {
    to.sealed(tokens.getSealed().toByteArray(), tokens.getSealedCount());
  }

  @Override
  public boolean begun() {
    return bytes > 0; // the first chunk binds all later ones, though it may hold no token
  }

  @Override
  public boolean continuable() {
    return !forgotten;
  }

  @Override
  Continuation soFar(boolean withText) {
    return Continuation.newBuilder().addAllSealed(chunks).build();
  }

  @Override
  public void close() {
    chunks.clear();
    memory.give(taken);
    taken = 0;
  }
}
