package org.cocoon.client.sidecar;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import org.cocoon.client.attested.Failure;
import org.cocoon.client.attested.SealedCall;
import org.cocoon.client.attested.SealedEnd;
import org.cocoon.link.openai.AnswerFormat;
import org.cocoon.link.openai.ParsedRequest;
import org.cocoon.link.wire.TokenLogprob;

/**
 * An answer as server-sent events. The status line waits for the router's, so that whatever fails
 * before gets its proper status. When the app reads slowly, the router is not read either.
 */
final class StreamedAnswer extends AppAnswer {
  private static final Buffer KEEP_ALIVE = Buffer.buffer(": keep-alive\n\n");

  private Buffer pending = Buffer.buffer();
  private boolean quiet;

  StreamedAnswer(
      HttpServerResponse response, ParsedRequest request, UUID localId, InstantSource clock) {
    super(response, request, localId, clock);
  }

  @Override
  void comesFrom(SealedCall source) {
    super.comesFrom(source);
    response.drainHandler(_ -> source.resume());
  }

  @Override
  public void accepted(String requestId) {
    super.accepted(requestId);
    response
        .setChunked(true)
        .putHeader("content-type", "text/event-stream; charset=utf-8")
        .putHeader("cache-control", "no-cache");
    response.writeHead();
    format().role(pending);
    turn();
  }

  @Override
  public void text(byte[] text, List<TokenLogprob> logprobs) {
    if (text.length > 0 || !logprobs.isEmpty()) {
      format().text(pending, 0, text, logprobs);
    }
  }

  @Override
  public void turn() {
    if (pending.length() == 0 || response.closed()) {
      return;
    }
    quiet = false;
    response.write(pending);
    pending = Buffer.buffer();
    SealedCall source = call();
    if (source != null && response.writeQueueFull()) {
      source.pause();
    }
  }

  @Override
  public void finished(SealedEnd end) {
    end.warning()
        .ifPresent(warning -> pending.appendString(": cocoon_warning " + warning + "\n\n"));
    format().end(pending, 0, end.finish());
    format().close(pending, wantsUsage() ? usage(end) : null);
    finish();
  }

  @Override
  public void failed(Failure failure) {
    if (!response.headWritten()) {
      super.failed(failure);
      return;
    }
    AnswerFormat.failure(pending, failure.json());
    finish();
  }

  private void finish() {
    if (!response.closed()) {
      response.end(pending);
    }
  }

  /** Called each few seconds: a comment keeps the connection of a waiting app alive. */
  void keepAlive() {
    if (quiet && response.headWritten() && !response.ended() && !response.writeQueueFull()) {
      response.write(KEEP_ALIVE.copy());
    }
    quiet = true;
  }
}
