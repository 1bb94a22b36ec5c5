package org.cocoon.router.edge;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.List;
import org.cocoon.contracts.NanoTon;
import org.cocoon.link.openai.AnswerFormat;
import org.cocoon.link.openai.AnswerFormat.Choice;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.Completion;
import org.cocoon.router.request.Refusal;

/** The answers to a request as one JSON body. Bounded by the request's tokens. */
final class WholeAnswer implements Answer {
  private final HttpServerResponse response;
  private final AnswerFormat format;
  private final List<Part> parts = new ArrayList<>();

  /** What came of one choice. */
  private record Part(Buffer text, List<TokenLogprob> logprobs) {}

  WholeAnswer(HttpServerResponse response, AnswerFormat format) {
    this.response = response;
    this.format = format;
    for (int i = 0; i < format.choices(); i++) {
      parts.add(new Part(Buffer.buffer(1024), new ArrayList<>()));
    }
  }

  @Override
  public void held(NanoTon hold) {
    HttpReplies.hold(response, hold);
  }

  @Override
  public void text(int choice, byte[] more, int tokens, List<TokenLogprob> probabilities) {
    parts.get(choice).text.appendBytes(more);
    parts.get(choice).logprobs.addAll(probabilities);
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
    List<Choice> choices = new ArrayList<>();
    for (Part part : parts) {
      FinishReason finish = completion.finishes().get(choices.size());
      choices.add(new Choice(part.text.getBytes(), part.logprobs, finish));
    }
    Buffer out = Buffer.buffer(4096);
    format.whole(out, choices, UsageJson.bytes(completion));
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
