package org.cocoon.client.sidecar;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.cocoon.client.attested.SealedEnd;
import org.cocoon.link.openai.AnswerFormat.Choice;
import org.cocoon.link.openai.ParsedRequest;
import org.cocoon.link.wire.TokenLogprob;

/** An answer as one JSON body, gathered from a stream. Bounded by the request's tokens. */
final class WholeAnswer extends AppAnswer {
  private final Buffer text = Buffer.buffer();
  private final List<TokenLogprob> probabilities = new ArrayList<>();

  WholeAnswer(
      HttpServerResponse response, ParsedRequest request, UUID localId, InstantSource clock) {
    super(response, request, localId, clock);
  }

  @Override
  public void text(byte[] more, List<TokenLogprob> logprobs) {
    text.appendBytes(more);
    probabilities.addAll(logprobs);
  }

  @Override
  public void finished(SealedEnd end) {
    Buffer body = Buffer.buffer(text.length() + 1024);
    Choice only = new Choice(text.getBytes(), probabilities, end.finish());
    format().whole(body, List.of(only), usage(end));
    Replies.json(response, 200, body);
  }
}
