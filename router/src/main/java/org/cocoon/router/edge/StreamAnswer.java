package org.cocoon.router.edge;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.cocoon.link.openai.AnswerFormat;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.Completion;
import org.cocoon.router.request.Refusal;

/**
 * An answer as server-sent events (WHATWG HTML, section 9.2). The status line waits for the first
 * token, or for the first keep-alive, so that whatever fails before then gets its proper status.
 */
final class StreamAnswer implements Answer {
  private static final long KEEP_ALIVE_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final Buffer KEEP_ALIVE = Buffer.buffer(": keep-alive\n\n");

  private final HttpServerResponse response;
  private final AnswerFormat format;
  private final TurnFlusher flusher;
  private final boolean usageChunk;
  private Buffer pending = Buffer.buffer(512);
  private boolean flushAsked;
  private boolean ended;
  private long lastWriteNanos;

  StreamAnswer(
      HttpServerResponse response,
      AnswerFormat format,
      TurnFlusher flusher,
      boolean usageChunk,
      long nowNanos) {
    this.response = response;
    this.format = format;
    this.flusher = flusher;
    this.usageChunk = usageChunk;
    this.lastWriteNanos = nowNanos;
  }

  private void begin() {
    if (!response.headWritten()) {
      response
          .setChunked(true)
          .putHeader("content-type", "text/event-stream; charset=utf-8")
          .putHeader("cache-control", "no-cache")
          .putHeader("x-accel-buffering", "no");
      response.writeHead();
      format.role(pending);
    }
  }

  private void flushLater() {
    if (!flushAsked) {
      flushAsked = true;
      flusher.later(this::flush);
    }
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
  public void text(byte[] text, int tokens, List<TokenLogprob> logprobs) {
    if (response.closed() || (text.length == 0 && logprobs.isEmpty())) {
      return; // text is withheld while a stop string or a character may go on
    }
    begin();
    format.text(pending, text, logprobs);
    flushLater();
  }

  @Override
  public void finished(Completion completion) {
    if (response.closed()) {
      return;
    }
    begin();
    format.end(pending, completion.finish(), usageChunk ? UsageJson.bytes(completion) : null);
    ended = true;
    flushLater();
  }

  @Override
  public void refused(Refusal refusal) {
    if (response.closed()) {
      return;
    }
    if (!response.headWritten()) {
      HttpReplies.refuse(response, refusal);
      return;
    }
    AnswerFormat.failure(pending, ErrorTable.json(refusal));
    ended = true;
    flushLater();
  }

  @Override
  public boolean writable() {
    return !response.writeQueueFull();
  }

  @Override
  public void tick(long nowNanos) {
    if (nowNanos - lastWriteNanos > KEEP_ALIVE_NANOS && writable() && !response.closed()) {
      begin();
      pending.appendBuffer(KEEP_ALIVE);
      flushLater();
      lastWriteNanos = nowNanos;
    }
  }
}
