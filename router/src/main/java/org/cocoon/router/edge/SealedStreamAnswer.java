package org.cocoon.router.edge;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.List;
import org.cocoon.link.openai.SealedEvents;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.router.request.Completion;

/** An answer as events that only the client can open. */
final class SealedStreamAnswer extends EventStreamAnswer {
  private final SealedEvents format;

  SealedStreamAnswer(
      HttpServerResponse response, SealedEvents format, TurnFlusher flusher, long nowNanos) {
    super(response, flusher, nowNanos);
    this.format = format;
  }

  @Override
  void first(Buffer out) {}

  @Override
  public void text(int choice, byte[] text, int tokens, List<TokenLogprob> logprobs) {
    throw new IllegalStateException("nothing of a sealed request is plain");
  }

  @Override
  public void sealed(byte[] chunk, int tokens) {
    if (!closed()) {
      format.chunk(events(), chunk, tokens);
    }
  }

  @Override
  void last(Buffer out, Completion completion) {
    format.end(out, completion.finish(), UsageJson.bytes(completion));
  }
}
