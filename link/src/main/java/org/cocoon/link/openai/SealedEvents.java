package org.cocoon.link.openai;

import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.UUID;
import org.cocoon.link.wire.FinishReason;

/** How a sealed answer is streamed: opaque chunks, each with the tokens that it holds. */
public final class SealedEvents {
  private static final byte[] TOKENS = bytes("\",\"tokens\":");
  private static final byte[] END = bytes("}\n\n");

  private final byte[] chunkHead;
  private final byte[] endHead;

  /**
   * Prepares the templates.
   *
   * @param chat whether a chat is answered, else a completion
   * @param id of the request, shown behind OpenAI's prefix
   */
  public SealedEvents(boolean chat, UUID id, String model, long createdSeconds) {
    String before =
        "data: {\"id\":\"" + (chat ? "chatcmpl-" : "cmpl-") + id + "\",\"object\":\"cocoon.sealed.";
    String after = "\",\"created\":" + createdSeconds + ",\"model\":" + Utf8Json.quoted(model);
    this.chunkHead = bytes(before + "chunk" + after + ",\"sealed\":\"");
    this.endHead = bytes(before + "end" + after + ",\"finish_reason\":\"");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** One chunk, as the worker sealed it. */
  public void chunk(Buffer out, byte[] sealed, int tokens) {
    out.appendBytes(chunkHead)
        .appendBytes(Base64.getEncoder().encode(sealed))
        .appendBytes(TOKENS)
        .appendString(Integer.toString(tokens))
        .appendBytes(END);
  }

  /**
   * The last object: why it ended and the usage; and the end of the stream.
   *
   * @param usage the usage object as JSON
   */
  public void end(Buffer out, FinishReason finish, byte[] usage) {
    out.appendBytes(endHead)
        .appendString(AnswerFormat.finish(finish))
        .appendString("\",\"usage\":")
        .appendBytes(usage)
        .appendString("}\n\ndata: [DONE]\n\n");
  }
}
