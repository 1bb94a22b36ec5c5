package org.cocoon.link.openai;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds tool calls in the text of an answer that arrives in pieces.
 *
 * <p>Models write calls in one of a few ways, and which one shows in the text itself: {@code
 * <tool_call>{"name": …, "arguments": …}</tool_call>} (Hermes, Qwen and, since our own instructions
 * ask for it, every model whose template knows no tools), or an answer that is nothing but such an
 * object, with {@code parameters} instead of {@code arguments} (Llama 3), or an array of them
 * (Mistral). What looks like a call and names no tool of the request, or is no JSON, stays text.
 *
 * <p>It is a function of the text alone. So it stands where the answer is shown, at a router's edge
 * or in a client's sidecar: there the text has been put together from all workers that gave a part
 * of it, and of a sealed answer nobody else sees any.
 */
public final class ToolCallReader {
  /** Text that is withheld because it may be a call; more than this is shown as it is. */
  private static final int MOST_HELD = 256 << 10;

  private static final byte[] OPEN = bytes("<tool_call>");
  private static final byte[] CLOSE = bytes("</tool_call>");
  private static final List<String> BARE = List.of("{\"name\"", "[{\"name\"");
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  private enum State {
    /** Nothing but blanks came yet, or the beginning of an object that may be a call. */
    BEGINNING,
    /** Text, of which the end may be the beginning of a mark. */
    TEXT,
    /** Within the marks. */
    CALL,
    /** The whole answer may be a call. */
    BARE
  }

  /** Hears what is found, in order. */
  public interface Sink {
    /** Text for the user: whole UTF-8. */
    void text(byte[] text);

    /**
     * A call.
     *
     * @param index of the call in the answer, from 0
     * @param name one of the request's tools
     * @param arguments JSON text of an object
     */
    void call(int index, String name, String arguments);
  }

  private final Set<String> names;
  private final int mostCalls;
  private final StringBuilder solid = new StringBuilder(); // what is held, without its blanks
  private State state = State.BEGINNING;
  private byte[] held = new byte[256];
  private int size;

  /** So much of what is held has been looked at in this state: nothing is looked at twice. */
  private int searched;

  private int calls;

  /**
   * Reads one answer.
   *
   * @param names of the request's tools
   * @param mostCalls further ones are dropped
   */
  public ToolCallReader(Set<String> names, int mostCalls) {
    this.names = Set.copyOf(names);
    this.mostCalls = mostCalls;
  }

  /** How many calls were found. */
  public int calls() {
    return calls;
  }

  /** Takes more of the answer: whole UTF-8. */
  public void feed(byte[] text, Sink sink) {
    if (size + text.length > held.length) {
      held = Arrays.copyOf(held, Math.max(size + text.length, held.length * 2));
    }
    System.arraycopy(text, 0, held, size, text.length);
    size += text.length;
    while (advance(sink)) {
      // each round settles one piece of what is held
    }
    if (size > MOST_HELD) {
      show(state == State.CALL ? OPEN : new byte[0], sink);
      state = State.TEXT;
      show(take(size), sink);
    }
  }

  /** The answer ends here. */
  public void finish(Sink sink) {
    byte[] rest = take(size);
    if (state == State.BARE) {
      bare(rest, sink);
    } else if (state == State.CALL) {
      String text = string(rest).strip();
      if (!call(text, sink)) { // a call that a limit or a stop string cut before its mark
        show(bytes(string(OPEN) + string(rest)), sink);
      }
    } else {
      show(rest, sink);
    }
    state = State.TEXT;
  }

  private boolean advance(Sink sink) {
    return switch (state) {
      case BEGINNING -> begin();
      case TEXT -> text(sink);
      case CALL -> closed(sink);
      case BARE -> false;
    };
  }

  private boolean begin() {
    while (searched < size) {
      int next = held[searched++] & 0xff;
      if (Character.isWhitespace(next)) {
        continue;
      }
      String begun = solid.append((char) next).toString();
      if (BARE.contains(begun)) {
        state = State.BARE;
        return false;
      }
      if (BARE.stream().noneMatch(bare -> bare.startsWith(begun))) {
        state = State.TEXT;
        return true;
      }
    }
    return false; // too early to say
  }

  private boolean text(Sink sink) {
    int mark = find(OPEN, 0);
    if (mark >= 0) {
      show(take(mark), sink);
      take(OPEN.length);
      state = State.CALL;
      return true;
    }
    show(take(size - beginningAtEnd()), sink);
    return false;
  }

  private boolean closed(Sink sink) {
    int mark = find(CLOSE, Math.max(searched - CLOSE.length, 0));
    searched = size;
    if (mark < 0) {
      return false;
    }
    String inside = string(take(mark));
    take(CLOSE.length);
    state = State.TEXT;
    if (!call(inside.strip(), sink)) {
      show(bytes(string(OPEN) + inside + string(CLOSE)), sink);
    }
    return true;
  }

  /** Shows text, apart from blanks around calls. */
  private void show(byte[] text, Sink sink) {
    if (text.length > 0 && (calls == 0 || !string(text).isBlank())) {
      sink.text(text);
    }
  }

  private void bare(byte[] text, Sink sink) {
    List<Call> found = new ArrayList<>();
    JsonNode value = parse(string(text));
    for (JsonNode one : value.isArray() ? value : List.of(value)) {
      Call call = Call.of(one, names);
      if (call == null) {
        show(text, sink);
        return;
      }
      found.add(call);
    }
    found.forEach(call -> tell(call, sink));
  }

  private boolean call(String text, Sink sink) {
    Call call = Call.of(parse(text), names);
    if (call == null) {
      return false;
    }
    tell(call, sink);
    return true;
  }

  private void tell(Call call, Sink sink) {
    if (calls < mostCalls) {
      sink.call(calls++, call.name(), call.arguments());
    }
  }

  private record Call(String name, String arguments) {
    static @Nullable Call of(JsonNode value, Set<String> names) {
      JsonNode arguments =
          value.has("arguments") ? value.get("arguments") : value.get("parameters");
      String name = value.path("name").asText();
      if (!names.contains(name)) {
        return null;
      }
      if (arguments == null) {
        return new Call(name, "{}");
      }
      return arguments.isObject() ? new Call(name, arguments.toString()) : null;
    }
  }

  private static JsonNode parse(String text) {
    try {
      JsonNode value = JSON.readTree(text);
      return value == null ? JSON.nullNode() : value;
    } catch (JsonProcessingException e) {
      return JSON.nullNode();
    }
  }

  private byte[] take(int count) {
    byte[] taken = Arrays.copyOf(held, count);
    size -= count;
    System.arraycopy(held, count, held, 0, size);
    searched = 0;
    return taken;
  }

  private int find(byte[] mark, int from) {
    for (int i = from; i + mark.length <= size; i++) {
      if (Arrays.equals(held, i, i + mark.length, mark, 0, mark.length)) {
        return i;
      }
    }
    return -1;
  }

  /** How many bytes at the end may be the beginning of the opening mark. */
  private int beginningAtEnd() {
    for (int count = Math.min(OPEN.length - 1, size); count > 0; count--) {
      if (Arrays.equals(held, size - count, size, OPEN, 0, count)) {
        return count;
      }
    }
    return 0;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String string(byte[] text) {
    return new String(text, StandardCharsets.UTF_8);
  }
}
