package org.cocoon.link.openai;

import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.TokenLogprob;
import org.jspecify.annotations.Nullable;

/**
 * How one answer looks in OpenAI's JSON, streamed or whole. What is the same in every chunk is made
 * once, as bytes.
 */
public final class AnswerFormat {
  private final boolean chat;
  private final boolean logprobs;
  private final String chunkHead;
  private final String wholeHead;
  private final byte[] textBefore;
  private final byte[] textAfter;
  private final String tail;

  /**
   * Prepares the templates.
   *
   * @param chat chat.completions, else completions
   * @param logprobs whether log probabilities were asked for
   * @param usageChunk whether a last chunk will tell the usage, so that all others say null
   * @param id of the request, shown behind OpenAI's prefix
   */
  public AnswerFormat(
      boolean chat,
      boolean logprobs,
      boolean usageChunk,
      UUID id,
      String model,
      long createdSeconds) {
    this.chat = chat;
    this.logprobs = logprobs;
    String before = "{\"id\":\"" + (chat ? "chatcmpl-" : "cmpl-") + id + "\",\"object\":\"";
    String after =
        "\",\"created\":" + createdSeconds + ",\"model\":" + Utf8Json.quoted(model) + ",";
    this.wholeHead = before + (chat ? "chat.completion" : "text_completion") + after;
    this.chunkHead = before + (chat ? "chat.completion.chunk" : "text_completion") + after;
    this.tail = usageChunk ? ",\"usage\":null}\n\n" : "}\n\n";
    textBefore =
        bytes(
            "data: "
                + chunkHead
                + "\"choices\":[{\"index\":0,"
                + (chat ? "\"delta\":{\"content\":\"" : "\"text\":\""));
    textAfter = bytes((chat ? "\"}" : "\"") + ",\"logprobs\":null,\"finish_reason\":null}]" + tail);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** The first chunk of a chat: the role. */
  public void role(Buffer out) {
    if (chat) {
      out.appendString("data: ")
          .appendString(chunkHead)
          .appendString(
              "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}]")
          .appendString(tail);
    }
  }

  /**
   * A chunk of text.
   *
   * @param text whole UTF-8
   * @param probabilities of its tokens; written only where they were asked for
   */
  public void text(Buffer out, byte[] text, List<TokenLogprob> probabilities) {
    if (!logprobs) {
      out.appendBytes(textBefore);
      Utf8Json.escaped(out, text);
      out.appendBytes(textAfter);
      return;
    }
    out.appendBytes(textBefore);
    Utf8Json.escaped(out, text);
    out.appendString(chat ? "\"}" : "\"").appendString(",\"logprobs\":");
    logprobs(out, probabilities);
    out.appendString(",\"finish_reason\":null}]").appendString(tail);
  }

  private void logprobs(Buffer out, List<TokenLogprob> probabilities) {
    if (chat) {
      out.appendString("{\"content\":[");
      Utf8Json.chatLogprobs(out, probabilities);
      out.appendString("],\"refusal\":null}");
    } else {
      legacyLogprobs(out, probabilities);
    }
  }

  private static void legacyLogprobs(Buffer out, List<TokenLogprob> probabilities) {
    out.appendString("{\"tokens\":[");
    for (int i = 0; i < probabilities.size(); i++) {
      out.appendString(i == 0 ? "\"" : ",\"");
      Utf8Json.escaped(out, Utf8Json.whole(probabilities.get(i).getPiece().toByteArray()));
      out.appendByte((byte) '"');
    }
    out.appendString("],\"token_logprobs\":[");
    for (int i = 0; i < probabilities.size(); i++) {
      out.appendString(i == 0 ? "" : ",")
          .appendString(Utf8Json.number(probabilities.get(i).getLogprob()));
    }
    out.appendString("],\"top_logprobs\":[");
    for (int i = 0; i < probabilities.size(); i++) {
      out.appendString(i == 0 ? "{" : ",{");
      TokenLogprob token = probabilities.get(i);
      for (int j = 0; j < token.getTopCount(); j++) {
        out.appendString(j == 0 ? "\"" : ",\"");
        Utf8Json.escaped(out, Utf8Json.whole(token.getTop(j).getPiece().toByteArray()));
        out.appendString("\":").appendString(Utf8Json.number(token.getTop(j).getLogprob()));
      }
      out.appendByte((byte) '}');
    }
    out.appendString("]}");
  }

  /**
   * The last chunks: why it ended, the usage where asked for, and the end of the stream.
   *
   * @param usage the usage object as JSON; null for no chunk of it
   */
  public void end(Buffer out, FinishReason finish, byte @Nullable [] usage) {
    out.appendString("data: ")
        .appendString(chunkHead)
        .appendString("\"choices\":[{\"index\":0,")
        .appendString(chat ? "\"delta\":{}" : "\"text\":\"\"")
        .appendString(",\"logprobs\":null,\"finish_reason\":\"")
        .appendString(finish(finish))
        .appendString("\"}]")
        .appendString(tail);
    if (usage != null) {
      out.appendString("data: ").appendString(chunkHead).appendString("\"choices\":[],\"usage\":");
      out.appendBytes(usage).appendString("}\n\n");
    }
    out.appendString("data: [DONE]\n\n");
  }

  /** A failure in mid-stream: an {@link ErrorObject}. */
  public static void failure(Buffer out, String errorObject) {
    out.appendString("data: ").appendString(errorObject).appendString("\n\n");
  }

  /**
   * A whole answer as one object.
   *
   * @param text whole UTF-8
   * @param probabilities of its tokens; written only where they were asked for
   * @param usage the usage object as JSON
   */
  public void whole(
      Buffer out,
      byte[] text,
      List<TokenLogprob> probabilities,
      FinishReason finish,
      byte[] usage) {
    out.appendString(wholeHead).appendString("\"choices\":[{\"index\":0,");
    out.appendString(chat ? "\"message\":{\"role\":\"assistant\",\"content\":\"" : "\"text\":\"");
    Utf8Json.escaped(out, text);
    out.appendString(chat ? "\",\"refusal\":null}" : "\"").appendString(",\"logprobs\":");
    if (logprobs) {
      logprobs(out, probabilities);
    } else {
      out.appendString("null");
    }
    out.appendString(",\"finish_reason\":\"")
        .appendString(finish(finish))
        .appendString("\"}],\"usage\":");
    out.appendBytes(usage).appendByte((byte) '}');
  }

  /** OpenAI's word for why an answer ended. */
  public static String finish(FinishReason reason) {
    return switch (reason) {
      case FINISH_LENGTH -> "length";
      case FINISH_STOP, FINISH_CANCELLED, FINISH_UNSPECIFIED, UNRECOGNIZED -> "stop";
    };
  }
}
