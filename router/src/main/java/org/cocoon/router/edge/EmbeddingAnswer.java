package org.cocoon.router.edge;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.Arrays;
import java.util.List;
import org.cocoon.contracts.NanoTon;
import org.cocoon.link.openai.EmbeddingFormat;
import org.cocoon.link.openai.EmbeddingParser;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.Completion;
import org.cocoon.router.request.Refusal;

/** Vectors as one JSON body. */
final class EmbeddingAnswer implements Answer {
  private final HttpServerResponse response;
  private final EmbeddingParser.Parsed asked;
  private final byte[][] vectors;

  EmbeddingAnswer(HttpServerResponse response, EmbeddingParser.Parsed asked) {
    this.response = response;
    this.asked = asked;
    this.vectors = new byte[asked.request().run().getEmbed().getInputsCount()][];
    Arrays.fill(vectors, new byte[0]);
  }

  @Override
  public void held(NanoTon hold) {
    HttpReplies.hold(response, hold);
  }

  @Override
  public void text(int choice, byte[] text, int tokens, List<TokenLogprob> logprobs) {
    throw new IllegalStateException("embeddings have no text");
  }

  @Override
  public void sealed(byte[] chunk, int tokens) {
    throw new IllegalStateException("embeddings are not sealed");
  }

  @Override
  public void vector(int input, byte[] vector) {
    vectors[input] = vector;
  }

  @Override
  public void finished(Completion completion) {
    if (response.closed()) {
      return;
    }
    Buffer out = Buffer.buffer(4096);
    EmbeddingFormat.whole(
        out,
        List.of(vectors),
        asked.base64(),
        asked.request().run().getModel(),
        UsageJson.bytes(completion));
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
