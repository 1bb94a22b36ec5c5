package org.cocoon.link.seal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.cocoon.link.fuzz.FuzzTarget;
import org.cocoon.link.wire.PrivateTokens;

/**
 * The chunks of a sealed answer, each behind its length (two bytes) and its count of tokens (one),
 * opened in a row: what opens is the answer's beginning, chunk by chunk.
 */
public final class AnswerTarget implements FuzzTarget {
  private static final long SEED = 20260307;
  private static final int MAX_CHUNKS = 64;

  private final List<byte[]> chunks = new ArrayList<>();
  private final List<PrivateTokens> parts =
      List.of(Group.tokens("Silk", 1, 2, 3), Group.tokens("", 4), Group.tokens(" is spun."));
  private final byte[] seed;

  /** Makes an answer of three chunks. */
  public AnswerTarget() {
    Group group = new Group(SEED);
    chunks.addAll(group.sealAll(exchange(group).request(), parts));
    ByteBuffer joined = ByteBuffer.allocate(chunks.stream().mapToInt(c -> c.length + 3).sum());
    for (int i = 0; i < chunks.size(); i++) {
      joined.putShort((short) chunks.get(i).length).put((byte) parts.get(i).getIdsCount());
      joined.put(chunks.get(i));
    }
    seed = joined.array();
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(seed);
  }

  @Override
  public void take(byte[] input) {
    ByteBuffer buffer = ByteBuffer.wrap(input);
    try (SealedExchange exchange = exchange(new Group(SEED))) {
      for (int i = 0; i < MAX_CHUNKS && buffer.remaining() >= 3; i++) {
        byte[] chunk = new byte[Math.min(buffer.getShort() & 0xffff, buffer.remaining() - 1)];
        int count = buffer.get();
        buffer.get(chunk);
        if (exchange.open(chunk, count) instanceof Opened.Chunk opened) {
          requireGenuine(i, chunk, opened);
        }
      }
    }
  }

  private void requireGenuine(int position, byte[] chunk, Opened.Chunk opened) {
    if (position >= chunks.size()
        || !Arrays.equals(chunk, chunks.get(position))
        || !opened.tokens().equals(parts.get(position))
        || opened.last() != (position == chunks.size() - 1)) {
      throw new AssertionError("chunk " + position + " opens and is another");
    }
  }

  /** The same draws each time, so that the same answer fits each of them. */
  private static SealedExchange exchange(Group group) {
    return group.seal(Group.chat("What is silk?"), 40);
  }
}
