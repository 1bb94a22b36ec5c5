package org.cocoon.client;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * One answer as it is generated: an iterator over pieces of text, then the usage.
 *
 * <p>One thread iterates; {@link #close()} may come from any thread and ends the iteration, which
 * also stops the generation at the server. {@link #hasNext()} waits for the next piece.
 */
public final class ChatStream implements Iterator<String>, AutoCloseable {
  private static final int READ_BYTES = 8 * 1024;
  private static final int MAX_EVENT_BYTES = 4 * 1024 * 1024;

  private final InputStream body;
  private final LongSupplier nanoClock;
  private final SseDecoder decoder = new SseDecoder(this::take, MAX_EVENT_BYTES);
  private final byte[] buffer = new byte[READ_BYTES];
  private final ArrayDeque<String> pieces = new ArrayDeque<>();
  private final long startNanos;
  private final long idleTimeoutNanos;
  private volatile long lastReadNanos;
  private volatile boolean closed;
  private volatile boolean silent;
  private boolean done;
  private boolean hasText;
  private long firstTextNanos;
  private long lastTextNanos;
  private String finishReason = "";
  private Optional<Usage> usage = Optional.empty();
  private Optional<CocoonException> failure = Optional.empty();

  ChatStream(InputStream body, long startNanos, Duration idleTimeout, LongSupplier nanoClock) {
    this.body = body;
    this.startNanos = startNanos;
    this.idleTimeoutNanos = idleTimeout.toNanos();
    this.nanoClock = nanoClock;
    this.lastReadNanos = nanoClock.getAsLong();
    Thread.ofVirtual().name("idle-watch").start(this::closeWhenSilent);
  }

  /** The JDK's body stream has no read timeout of its own. */
  private void closeWhenSilent() {
    while (!closed) {
      long left = lastReadNanos + idleTimeoutNanos - nanoClock.getAsLong();
      if (left <= 0) {
        silent = true;
        close();
        return;
      }
      LockSupport.parkNanos(left);
    }
  }

  /**
   * Waits for the next piece of text.
   *
   * @return false when the answer is complete or was closed
   * @throws CocoonException if the server told an error, went silent or broke off
   */
  @Override
  public boolean hasNext() {
    while (pieces.isEmpty()) {
      if (failure.isPresent()) {
        close();
        throw failure.get();
      }
      if (done || (closed && !silent)) {
        close();
        return false;
      }
      read();
    }
    return true;
  }

  /** The next piece of text, never empty. */
  @Override
  public String next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the answer has ended");
    }
    return pieces.removeFirst();
  }

  private void read() {
    int count;
    try {
      count = body.read(buffer);
    } catch (IOException e) {
      if (closed && !silent) {
        return;
      }
      throw silent ? timedOut() : truncated(e);
    }
    if (count < 0) {
      if (closed && !silent) {
        return;
      }
      throw silent ? timedOut() : truncated(new IOException("no [DONE]"));
    }
    lastReadNanos = nanoClock.getAsLong();
    try {
      decoder.feed(buffer, 0, count);
    } catch (SseDecoder.EventTooLargeException e) {
      throw new CocoonException(
          CocoonException.Kind.NOT_UNDERSTOOD, String.valueOf(e.getMessage()), e);
    }
  }

  private CocoonException timedOut() {
    return new CocoonException(
        CocoonException.Kind.TIMED_OUT,
        "nothing came for " + Duration.ofNanos(idleTimeoutNanos).toSeconds() + " seconds");
  }

  private static CocoonException truncated(IOException cause) {
    return new CocoonException(
        CocoonException.Kind.TRUNCATED, "the connection broke off before the answer ended", cause);
  }

  private void take(byte[] data, int length) {
    if (done || failure.isPresent()) {
      return;
    }
    if (length == 6 && data[0] == '[') {
      done = true;
      return;
    }
    Json chunk;
    try {
      chunk = Json.parse(data, length);
    } catch (IOException e) {
      failure =
          Optional.of(
              new CocoonException(
                  CocoonException.Kind.NOT_UNDERSTOOD, "the stream holds something not JSON", e));
      return;
    }
    Json error = chunk.at("error");
    if (error.isPresent()) {
      failure = Optional.of(CocoonClient.errorWithin(error));
      return;
    }
    if (chunk.at("usage").isPresent()) {
      usage = Optional.of(Usage.of(chunk.at("usage")));
    }
    Json choice = chunk.at("choices").first();
    finishReason = choice.at("finish_reason").text(finishReason);
    String text = choice.at("delta").at("content").text("");
    if (!text.isEmpty()) {
      lastTextNanos = lastReadNanos;
      if (!hasText) {
        hasText = true;
        firstTextNanos = lastReadNanos;
      }
      pieces.add(text);
    }
  }

  /** Whether the server said that the answer is complete. */
  public boolean isComplete() {
    return done;
  }

  /** Why the answer ended, as the server says it ({@code stop}, {@code length}); empty before. */
  public String finishReason() {
    return finishReason;
  }

  /** What was used; there once the answer is complete, where the server tells it. */
  public Optional<Usage> usage() {
    return usage;
  }

  /** From sending the request to the first piece of text; empty before it. */
  public Optional<Duration> timeToFirstToken() {
    return hasText ? Optional.of(Duration.ofNanos(firstTextNanos - startNanos)) : Optional.empty();
  }

  /** From the first piece of text to the last one so far; zero before there are two. */
  public Duration generationTime() {
    return Duration.ofNanos(lastTextNanos - firstTextNanos);
  }

  /** Stops the answer where it is; the server stops generating. Any thread; twice is fine. */
  @Override
  public void close() {
    closed = true;
    try {
      body.close();
    } catch (IOException e) {
      // The connection is gone either way, which is what closing is for.
      lastReadNanos = nanoClock.getAsLong();
    }
  }
}
