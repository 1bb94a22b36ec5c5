package org.cocoon.router.edge;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.List;
import org.cocoon.contracts.NanoTon;
import org.cocoon.link.openai.AnswerFormat;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.Completion;
import org.cocoon.router.request.Refusal;

/** An answer as one JSON body. Bounded by the request's tokens. */
final class WholeAnswer implements Answer {
  private final HttpServerResponse response;
  private final AnswerFormat format;
  private final Buffer text = Buffer.buffer(1024);
  private final List<TokenLogprob> logprobs = new ArrayList<>();

  WholeAnswer(HttpServerResponse response, AnswerFormat format) {
    this.response = response;
    this.format = format;
  }

  @Override
  public void held(NanoTon hold) {
    HttpReplies.hold(response, hold);
  }

  @Override
  public void text(byte[] more, int tokens, List<TokenLogprob> probabilities) {
    text.appendBytes(more);
    logprobs.addAll(probabilities);
  }

  @Override
  public void sealed(byte[] chunk, int tokens) {
    throw new IllegalStateException("a sealed answer is streamed");
  }

  @Override
  public void finished(Completion completion) {
    if (response.closed()) {
      return;
    }
    Buffer out = Buffer.buffer(text.length() + 1024);
    format.whole(out, text.getBytes(), logprobs, completion.finish(), UsageJson.bytes(completion));
    response.putHeader("content-type", "application/json").end(out);
  }

  @Override
  public void refused(Refusal refusal) {
    if (!response.closed()) {
      HttpReplies.refuse(response, refusal);
    }
  }

  @Override
  public boolean writable() {
    return true; // nothing is written until the end
  }
}
