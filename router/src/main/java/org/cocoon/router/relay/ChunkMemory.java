package org.cocoon.router.relay;

/**
 * The memory in which all open answers together keep sealed chunks, so that another worker could go
 * on with them. Where it is full, an answer keeps none, and ends if its worker fails. Belongs to
 * the event loop.
 */
public final class ChunkMemory {
  /** What an object of a chunk takes beside its bytes. */
  private static final long OBJECT_BYTES = 64;

  private final long limitBytes;
  private long usedBytes;

  /** Lends at most so many bytes at a time. */
  public ChunkMemory(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /** What it costs to keep a chunk. */
  static long cost(int chunkBytes) {
    return chunkBytes + OBJECT_BYTES;
  }

  /** Takes so much, if there is so much. */
  boolean take(long bytes) {
    if (bytes > limitBytes - usedBytes) {
      return false;
    }
    usedBytes += bytes;
    return true;
  }

  void give(long bytes) {
    usedBytes -= bytes;
  }

  /** Bytes that are taken now. */
  public long usedBytes() {
    return usedBytes;
  }
}
