package org.cocoon.router.edge;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.List;
import org.cocoon.link.openai.AnswerFormat;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.router.request.Completion;

/** An answer as OpenAI's events. */
final class StreamAnswer extends EventStreamAnswer {
  private final AnswerFormat format;
  private final boolean usageChunk;

  StreamAnswer(
      HttpServerResponse response,
      AnswerFormat format,
      TurnFlusher flusher,
      boolean usageChunk,
      long nowNanos) {
    super(response, flusher, nowNanos);
    this.format = format;
    this.usageChunk = usageChunk;
  }

  @Override
  void first(Buffer out) {
    format.role(out);
  }

  @Override
  public void text(byte[] text, int tokens, List<TokenLogprob> logprobs) {
    if (closed() || (text.length == 0 && logprobs.isEmpty())) {
      return; // text is withheld while a stop string or a character may go on
    }
    format.text(events(), text, logprobs);
  }

  @Override
  public void sealed(byte[] chunk, int tokens) {
    throw new IllegalStateException("nothing of a plain request is sealed");
  }

  @Override
  void last(Buffer out, Completion completion) {
    format.end(out, completion.finish(), usageChunk ? UsageJson.bytes(completion) : null);
  }
}
