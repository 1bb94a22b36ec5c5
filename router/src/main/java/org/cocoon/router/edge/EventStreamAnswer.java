package org.cocoon.router.edge;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.NanoTon;
import org.cocoon.link.openai.AnswerFormat;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.Completion;
import org.cocoon.router.request.Refusal;

/**
 * An answer as server-sent events (WHATWG HTML, section 9.2). The status line waits for the first
 * token, or for the first keep-alive, so that whatever fails before then gets its proper status.
 */
abstract sealed class EventStreamAnswer implements Answer permits StreamAnswer, SealedStreamAnswer {
  private static final long KEEP_ALIVE_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final Buffer KEEP_ALIVE = Buffer.buffer(": keep-alive\n\n");

  private final HttpServerResponse response;
  private final TurnFlusher flusher;
  private Buffer pending = Buffer.buffer(512);
  private boolean flushAsked;
  private boolean ended;
  private long lastWriteNanos;

  EventStreamAnswer(HttpServerResponse response, TurnFlusher flusher, long nowNanos) {
    this.response = response;
    this.flusher = flusher;
    this.lastWriteNanos = nowNanos;
  }

  /** Writes what comes before everything else. */
  abstract void first(Buffer out);

  /** Writes how it ended. */
  abstract void last(Buffer out, Completion completion);

  final boolean closed() {
    return response.closed();
  }

  /** Where to write; it is sent at the end of this turn. */
  final Buffer events() {
    if (!response.headWritten()) {
      response
          .setChunked(true)
          .putHeader("content-type", "text/event-stream; charset=utf-8")
          .putHeader("cache-control", "no-cache")
          .putHeader("x-accel-buffering", "no");
      response.writeHead();
      first(pending);
    }
    if (!flushAsked) {
      flushAsked = true;
      flusher.later(this::flush);
    }
    return pending;
  }

  private void flush() {
    flushAsked = false;
    if (response.closed()) {
      return;
    }
    Buffer out = pending;
    pending = Buffer.buffer(512);
    lastWriteNanos = System.nanoTime();
    if (ended) {
      response.end(out);
    } else if (out.length() > 0) {
      response.write(out);
    }
  }

  @Override
  public final void held(NanoTon hold) {
    HttpReplies.hold(response, hold);
  }

  @Override
  public final void finished(Completion completion) {
    if (!response.closed()) {
      last(events(), completion);
      ended = true;
    }
  }

  @Override
  public final void refused(Refusal refusal) {
    if (response.closed()) {
      return;
    }
    if (!response.headWritten()) {
      HttpReplies.refuse(response, refusal);
      return;
    }
    AnswerFormat.failure(events(), ErrorTable.json(refusal));
    ended = true;
  }

  @Override
  public final boolean writable() {
    return !response.writeQueueFull();
  }

  @Override
  public final void tick(long nowNanos) {
    if (nowNanos - lastWriteNanos > KEEP_ALIVE_NANOS && writable() && !response.closed()) {
      events().appendBuffer(KEEP_ALIVE);
      lastWriteNanos = nowNanos;
    }
  }
}
