package org.cocoon.link.openai;

import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.TokenLogprob;
import org.jspecify.annotations.Nullable;

/**
 * How the answer to one request looks in OpenAI's JSON, streamed or whole: all its choices. What is
 * the same in every chunk is made once, as bytes.
 */
public final class AnswerFormat {
  private final boolean chat;
  private final boolean logprobs;
  private final String chunkHead;
  private final String wholeHead;
  private final byte[][] textBefore;
  private final byte[] textAfter;
  private final String tail;
  private final String callIds;
  private final @Nullable ToolCallReader[] calls;

  /**
   * One of the answers, whole.
   *
   * @param text whole UTF-8; the caller's array, not to be changed
   * @param probabilities of its tokens; shown only where they were asked for
   */
  public record Choice(byte[] text, List<TokenLogprob> probabilities, FinishReason finish) {}

  /**
   * Prepares the templates of a request for one answer, in which no tools are called.
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
    this(chat, logprobs, usageChunk, id, model, createdSeconds, new @Nullable ToolCallReader[1]);
  }

  private AnswerFormat(
      boolean chat,
      boolean logprobs,
      boolean usageChunk,
      UUID id,
      String model,
      long createdSeconds,
      @Nullable ToolCallReader[] calls) {
    this.chat = chat;
    this.logprobs = logprobs;
    this.calls = calls;
    callIds = "call_" + id.toString().replace("-", "").substring(12);
    String before = "{\"id\":\"" + (chat ? "chatcmpl-" : "cmpl-") + id + "\",\"object\":\"";
    String after =
        "\",\"created\":" + createdSeconds + ",\"model\":" + Utf8Json.quoted(model) + ",";
    this.wholeHead = before + (chat ? "chat.completion" : "text_completion") + after;
    this.chunkHead = before + (chat ? "chat.completion.chunk" : "text_completion") + after;
    this.tail = usageChunk ? ",\"usage\":null}\n\n" : "}\n\n";
    textBefore = new byte[calls.length][];
    for (int choice = 0; choice < calls.length; choice++) {
      textBefore[choice] =
          bytes(
              "data: "
                  + chunkHead
                  + beginning(choice)
                  + (chat ? "\"delta\":{\"content\":\"" : "\"text\":\""));
    }
    textAfter = bytes((chat ? "\"}" : "\"") + ",\"logprobs\":null,\"finish_reason\":null}]" + tail);
  }

  /** The format of the answers to a request, in which tool calls are found if it has tools. */
  public static AnswerFormat of(ParsedRequest request, UUID id, long createdSeconds) {
    @Nullable ToolCallReader[] calls = new @Nullable ToolCallReader[request.choices()];
    Arrays.setAll(calls, _ -> request.toolCalls());
    return new AnswerFormat(
        request.chat(),
        request.run().getLogprobs(),
        request.includeUsage(),
        id,
        request.run().getModel(),
        createdSeconds,
        calls);
  }

  /** How many answers there are. */
  public int choices() {
    return calls.length;
  }

  private static String beginning(int choice) {
    return "\"choices\":[{\"index\":" + choice + ",";
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** The first chunks of a chat: the role, for each choice. */
  public void role(Buffer out) {
    for (int choice = 0; chat && choice < choices(); choice++) {
      out.appendString("data: ")
          .appendString(chunkHead)
          .appendString(beginning(choice))
          .appendString(
              "\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}]")
          .appendString(tail);
    }
  }

  /**
   * A chunk of text.
   *
   * @param choice which answer's, from 0
   * @param text whole UTF-8
   * @param probabilities of its tokens; written only where they were asked for
   */
  public void text(Buffer out, int choice, byte[] text, List<TokenLogprob> probabilities) {
    ToolCallReader reader = calls[choice];
    if (reader != null) {
      reader.feed(text, chunks(out, choice));
      return;
    }
    if (!logprobs) {
      plain(out, choice, text);
      return;
    }
    out.appendBytes(textBefore[choice]);
    Utf8Json.escaped(out, text);
    out.appendString(chat ? "\"}" : "\"").appendString(",\"logprobs\":");
    logprobs(out, probabilities);
    out.appendString(",\"finish_reason\":null}]").appendString(tail);
  }

  private void plain(Buffer out, int choice, byte[] text) {
    out.appendBytes(textBefore[choice]);
    Utf8Json.escaped(out, text);
    out.appendBytes(textAfter);
  }

  /** Writes what is found as chunks; a call is one of them, with its arguments whole. */
  private ToolCallReader.Sink chunks(Buffer out, int choice) {
    return new ToolCallReader.Sink() {
      @Override
      public void text(byte[] text) {
        plain(out, choice, text);
      }

      @Override
      public void call(int index, String name, String arguments) {
        out.appendString("data: ")
            .appendString(chunkHead)
            .appendString(beginning(choice))
            .appendString("\"delta\":{\"tool_calls\":[{\"index\":")
            .appendString(index + ",")
            .appendString(callFields(choice, index, name, arguments))
            .appendString("}]},\"logprobs\":null,\"finish_reason\":null}]")
            .appendString(tail);
      }
    };
  }

  /** The fields of a call, without braces. */
  private String callFields(int choice, int index, String name, String arguments) {
    String id = callIds + (choice == 0 ? "" : choice + "_") + index;
    return "\"id\":\"%s\",\"type\":\"function\",\"function\":{\"name\":%s,\"arguments\":%s}"
        .formatted(id, Utf8Json.quoted(name), Utf8Json.quoted(arguments));
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
   * The last chunk of one answer: why it ended.
   *
   * @param choice which answer, from 0
   */
  public void end(Buffer out, int choice, FinishReason finish) {
    ToolCallReader reader = calls[choice];
    if (reader != null) {
      reader.finish(chunks(out, choice));
    }
    out.appendString("data: ")
        .appendString(chunkHead)
        .appendString(beginning(choice))
        .appendString(chat ? "\"delta\":{}" : "\"text\":\"\"")
        .appendString(",\"logprobs\":null,\"finish_reason\":\"")
        .appendString(finish(finish, reader))
        .appendString("\"}]")
        .appendString(tail);
  }

  /**
   * The usage where asked for, and the end of the stream.
   *
   * @param usage the usage object as JSON; null for no chunk of it
   */
  public void close(Buffer out, byte @Nullable [] usage) {
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
   * All answers as one object.
   *
   * @param answers one for each choice, in their order
   * @param usage the usage object as JSON
   */
  public void whole(Buffer out, List<Choice> answers, byte[] usage) {
    out.appendString(wholeHead).appendString("\"choices\":[");
    for (int choice = 0; choice < answers.size(); choice++) {
      out.appendString(choice == 0 ? "{\"index\":" : ",{\"index\":").appendString(choice + ",");
      whole(out, choice, answers.get(choice));
    }
    out.appendString("],\"usage\":").appendBytes(usage).appendByte((byte) '}');
  }

  private void whole(Buffer out, int choice, Choice answer) {
    ToolCallReader reader = calls[choice];
    if (reader != null) {
      message(out, choice, answer.text(), reader);
    } else {
      out.appendString(chat ? "\"message\":{\"role\":\"assistant\",\"content\":\"" : "\"text\":\"");
      Utf8Json.escaped(out, answer.text());
      out.appendString(chat ? "\",\"refusal\":null}" : "\"");
    }
    out.appendString(",\"logprobs\":");
    if (logprobs) {
      logprobs(out, answer.probabilities());
    } else {
      out.appendString("null");
    }
    out.appendString(",\"finish_reason\":\"")
        .appendString(finish(answer.finish(), reader))
        .appendString("\"}");
  }

  /** A message in which tools may be called: without text besides, its content is null. */
  private void message(Buffer out, int choice, byte[] text, ToolCallReader reader) {
    Buffer content = Buffer.buffer();
    StringBuilder found = new StringBuilder();
    ToolCallReader.Sink sink =
        new ToolCallReader.Sink() {
          @Override
          public void text(byte[] more) {
            content.appendBytes(more);
          }

          @Override
          public void call(int index, String name, String arguments) {
            found.append(index == 0 ? "{" : ",{");
            found.append(callFields(choice, index, name, arguments)).append('}');
          }
        };
    reader.feed(text, sink);
    reader.finish(sink);
    out.appendString("\"message\":{\"role\":\"assistant\",\"content\":");
    if (content.length() == 0 && found.length() > 0) {
      out.appendString("null");
    } else {
      out.appendByte((byte) '"');
      Utf8Json.escaped(out, content.getBytes());
      out.appendByte((byte) '"');
    }
    out.appendString(",\"refusal\":null");
    if (found.length() > 0) {
      out.appendString(",\"tool_calls\":[" + found + "]");
    }
    out.appendByte((byte) '}');
  }

  /**
   * OpenAI's word for why an answer ended.
   *
   * @param calls what found its tool calls, at its end; null: it can have none
   */
  public static String finish(FinishReason reason, @Nullable ToolCallReader calls) {
    boolean called = calls != null && calls.calls() > 0 && reason == FinishReason.FINISH_STOP;
    return called ? "tool_calls" : finish(reason);
  }

  /** OpenAI's word for why an answer without tool calls ended. */
  public static String finish(FinishReason reason) {
    return switch (reason) {
      case FINISH_LENGTH -> "length";
      case FINISH_STOP, FINISH_CANCELLED, FINISH_UNSPECIFIED, UNRECOGNIZED -> "stop";
    };
  }
}
