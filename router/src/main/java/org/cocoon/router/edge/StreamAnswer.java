package org.cocoon.router.edge;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.BitSet;
import java.util.List;
import org.cocoon.link.openai.AnswerFormat;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.router.request.Completion;

/** The answers to a request as OpenAI's events. */
final class StreamAnswer extends EventStreamAnswer {
  private final AnswerFormat format;
  private final boolean usageChunk;
  private final BitSet over = new BitSet();

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
  public void text(int choice, byte[] text, int tokens, List<TokenLogprob> logprobs) {
    if (closed() || (text.length == 0 && logprobs.isEmpty())) {
      return; // text is withheld while a stop string or a character may go on
    }
    format.text(events(), choice, text, logprobs);
  }

  @Override
  public void sealed(byte[] chunk, int tokens) {
    throw new IllegalStateException("nothing of a plain request is sealed");
  }

  @Override
  public void ended(int choice, FinishReason finish) {
    if (!closed()) {
      over.set(choice);
      format.end(events(), choice, finish);
    }
  }

  @Override
  void last(Buffer out, Completion completion) {
    for (int choice = 0; choice < format.choices(); choice++) {
      if (!over.get(choice)) {
        format.end(out, choice, completion.finishes().get(choice));
      }
    }
    format.close(out, usageChunk ? UsageJson.bytes(completion) : null);
  }
}
