package org.cocoon.bench;

import java.util.Optional;

/**
 * What was measured of one request. Stamps are nanoseconds since the run began, {@link #NEVER}
 * where the moment never came; they are taken when bytes leave or reach the socket, before parsing.
 *
 * @param index its number in the run, from 0
 * @param intended when the schedule wanted it sent
 * @param dispatched when the generator began to send it
 * @param connected when it had a connection
 * @param written when its last byte was handed to the socket
 * @param firstByte when the first byte of the answer was read
 * @param firstContent when the first non-empty piece of text was read
 * @param lastContent when the last one was read
 * @param done when the end of the stream was read, or the failure noticed
 * @param contentChunks pieces of text
 * @param contentReads socket reads that brought them; fewer than pieces where they came together
 * @param promptTokens by the server's usage; {@link #UNKNOWN} where it did not say
 * @param outputTokens by the server's usage; {@link #UNKNOWN} where it did not say
 * @param costNanoton by the server's usage; {@link #UNKNOWN} where it did not say
 * @param finishReason the server's, or empty
 * @param failure why it failed; empty where it did not
 */
record RequestRecord(
    long index,
    long intended,
    long dispatched,
    long connected,
    long written,
    long firstByte,
    long firstContent,
    long lastContent,
    long done,
    long contentChunks,
    long contentReads,
    long promptTokens,
    long outputTokens,
    long costNanoton,
    String finishReason,
    Optional<Failure> failure) {

  /** A stamp of what never happened. */
  static final long NEVER = -1;

  /** A count that nobody told. */
  static final long UNKNOWN = -1;

  boolean succeeded() {
    return failure.isEmpty();
  }

  boolean hasContent() {
    return firstContent != NEVER;
  }

  /** The server's count, or the number of pieces where it gave none. */
  long tokens() {
    return outputTokens == UNKNOWN ? contentChunks : outputTokens;
  }

  /**
   * Whether each piece of text was one token, as far as that can be told from outside. The end
   * token is counted by many servers and has no text.
   */
  boolean hasOneTokenPerChunk() {
    return outputTokens == contentChunks || outputTokens == contentChunks + 1;
  }
}
