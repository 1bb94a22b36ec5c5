package org.cocoon.bench;

import static org.cocoon.bench.RequestRecord.NEVER;
import static org.cocoon.bench.RequestRecord.UNKNOWN;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.cocoon.bench.Failure.Kind;
import org.cocoon.client.ChatRequest.Message;
import org.cocoon.client.SseDecoder;

/**
 * One request from its schedule to its end: takes stamps and bytes, leaves a {@link RequestRecord}.
 * Knows nothing of sockets. Used on one event loop; every stamp is absolute, in nanoseconds.
 *
 * <pre>
 * dispatched → connected → written → head → bytes* → end
 *      └──────────┴───────────┴───────┴───────┴────→ fail
 * </pre>
 */
final class Exchange {
  private static final int MAX_EVENT_BYTES = 1024 * 1024;
  private static final int MAX_TEXT_CHARS = 16 * 1024 * 1024;
  private static final int INITIAL_GAPS = 64;

  private final long index;
  private final long intended;
  private final ChunkReader reader;
  private final GapSink gaps;
  private final Optional<Expectation> expectation;
  private final List<Message> messages;
  private final StringBuilder text = new StringBuilder();
  private final SseDecoder decoder = new SseDecoder(this::takeEvent, MAX_EVENT_BYTES);

  private long dispatched = NEVER;
  private long connected = NEVER;
  private long written = NEVER;
  private long firstByte = NEVER;
  private long firstContent = NEVER;
  private long lastContent = NEVER;
  private long done = NEVER;
  private long readStamp;
  private boolean readHadContent;
  private long chunks;
  private long contentReads;
  private long[] chunkGaps = new long[INITIAL_GAPS];
  private long promptTokens = UNKNOWN;
  private long outputTokens = UNKNOWN;
  private long costNanoton = UNKNOWN;
  private String finishReason = "";
  private boolean sawEndMark;
  private boolean ended;
  private Optional<Failure> failure = Optional.empty();

  /** Takes the gaps between an answer's pieces once it ended well. */
  @FunctionalInterface
  interface GapSink {
    /**
     * Takes one answer's gaps.
     *
     * @param gapNanos the gaps, then rubbish; not to be kept
     * @param count how many
     * @param oneTokenEach whether each piece was one token
     */
    void take(long[] gapNanos, int count, boolean oneTokenEach);
  }

  Exchange(
      long index,
      long intended,
      List<Message> messages,
      Optional<Expectation> expectation,
      ChunkReader reader,
      GapSink gaps) {
    this.index = index;
    this.intended = intended;
    this.messages = messages;
    this.expectation = expectation;
    this.reader = reader;
    this.gaps = gaps;
  }

  void onDispatched(long nanos) {
    dispatched = nanos;
  }

  void onConnected(long nanos) {
    connected = nanos;
  }

  void onWritten(long nanos) {
    written = nanos;
  }

  /** The response's head was read. */
  void onHead(long nanos) {
    firstByte = nanos;
  }

  /** Bytes of the stream, as they came out of one socket read. */
  void onBytes(byte[] bytes, int length, long nanos) {
    if (ended) {
      return;
    }
    if (nanos != readStamp) {
      readStamp = nanos;
      readHadContent = false;
    }
    try {
      decoder.feed(bytes, 0, length);
    } catch (SseDecoder.EventTooLargeException e) {
      onFailure(new Failure(Kind.MALFORMED, "event too large"), nanos);
    }
  }

  private void takeEvent(byte[] data, int length) {
    if (ended || sawEndMark) {
      return;
    }
    if (length == 6 && data[0] == '[') {
      sawEndMark = true;
      done = readStamp;
      return;
    }
    try {
      reader.read(data, length, expectation.isPresent());
    } catch (IOException e) {
      onFailure(new Failure(Kind.MALFORMED, "chunk is not JSON"), readStamp);
      return;
    }
    if (reader.hasError()) {
      onFailure(new Failure(Kind.STREAM_ERROR, reader.errorCode()), readStamp);
      return;
    }
    if (reader.hasUsage()) {
      promptTokens = reader.promptTokens();
      outputTokens = reader.completionTokens();
      costNanoton = reader.costNanoton();
    }
    if (!reader.finishReason().isEmpty()) {
      finishReason = reader.finishReason();
    }
    if (reader.hasText()) {
      takeContent();
    }
  }

  private void takeContent() {
    if (chunks == 0) {
      firstContent = readStamp;
    } else {
      int gap = Math.toIntExact(chunks - 1);
      if (gap == chunkGaps.length) {
        chunkGaps = Arrays.copyOf(chunkGaps, gap * 2);
      }
      chunkGaps[gap] = readStamp - lastContent;
    }
    chunks++;
    lastContent = readStamp;
    if (!readHadContent) {
      readHadContent = true;
      contentReads++;
    }
    if (expectation.isPresent() && text.length() < MAX_TEXT_CHARS) {
      text.append(reader.text());
    }
  }

  /** The response ended as HTTP wants it. */
  void onEnd(long nanos) {
    if (ended) {
      return;
    }
    if (!sawEndMark) {
      onFailure(new Failure(Kind.TRUNCATED, "no [DONE]"), nanos);
      return;
    }
    if (expectation.isPresent()) {
      String wrong = expectation.get().difference(messages, text.toString(), outputTokens);
      if (!wrong.isEmpty()) {
        onFailure(new Failure(Kind.WRONG_TEXT, wrong), done);
        return;
      }
    }
    ended = true;
    if (chunks > 1) {
      gaps.take(chunkGaps, Math.toIntExact(chunks - 1), record(0).hasOneTokenPerChunk());
    }
  }

  /** The request failed; what came before is kept. Only the first failure counts. */
  void onFailure(Failure why, long nanos) {
    if (ended) {
      return;
    }
    ended = true;
    done = nanos;
    failure = Optional.of(why);
  }

  /** Whether nothing more is expected. */
  boolean hasEnded() {
    return ended;
  }

  boolean hasText() {
    return chunks > 0;
  }

  long chunks() {
    return chunks;
  }

  /** What was measured, with stamps relative to the run's beginning. */
  RequestRecord record(long originNanos) {
    return new RequestRecord(
        index,
        intended - originNanos,
        since(dispatched, originNanos),
        since(connected, originNanos),
        since(written, originNanos),
        since(firstByte, originNanos),
        since(firstContent, originNanos),
        since(lastContent, originNanos),
        since(done, originNanos),
        chunks,
        contentReads,
        promptTokens,
        outputTokens,
        costNanoton,
        finishReason,
        failure);
  }

  /**
   * A nanosecond clock may be negative, so a stamp of {@link RequestRecord#NEVER} is never real.
   */
  private static long since(long nanos, long originNanos) {
    return nanos == NEVER ? NEVER : nanos - originNanos;
  }
}
