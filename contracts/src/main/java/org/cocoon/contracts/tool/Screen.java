package org.cocoon.contracts.tool;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.cocoon.contracts.NanoTon;

/**
 * Where commands say things: results to one stream, progress and what is wrong to the other. A
 * result is lines of name and value, or one JSON object; amounts are Toncoin for people, and
 * nanoTON in JSON.
 */
final class Screen {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private static final String RAW = "";

  private final PrintWriter out;
  private final PrintWriter err;

  Screen(PrintWriter out, PrintWriter err) {
    this.out = out;
    this.err = err;
  }

  /** A result that is being written. */
  static final class Page {
    private final Map<String, Object> fields = new LinkedHashMap<>();

    /** A line; what is empty is left out. */
    Page put(String name, Object value) {
      if (!value.toString().isEmpty()) {
        fields.put(name, value);
      }
      return this;
    }

    /** Nothing but this text, as it is. */
    static Page raw(String text) {
      return new Page().put(RAW, text);
    }

    Page putAll(Page other) {
      fields.putAll(other.fields);
      return this;
    }
  }

  void show(Page page, boolean json) {
    Object raw = page.fields.get(RAW);
    out.print(raw != null ? raw : json ? json(page) : text(page));
    out.flush();
  }

  void progress(String line) {
    err.println(line);
    err.flush();
  }

  private static String text(Page page) {
    int width = page.fields.keySet().stream().mapToInt(String::length).max().orElse(0);
    StringBuilder text = new StringBuilder();
    page.fields.forEach(
        (name, value) -> {
          List<?> lines = value instanceof List<?> list ? list : List.of(value);
          String head = name.replace('_', ' ');
          for (Object line : lines) {
            text.append(head)
                .append(" ".repeat(width - head.length() + 2))
                .append(line)
                .append('\n');
            head = "";
          }
        });
    return text.toString();
  }

  private static String json(Page page) {
    Map<String, Object> plain = new LinkedHashMap<>();
    page.fields.forEach(
        (name, value) ->
            plain.put(
                value instanceof NanoTon ? name + "_nanoton" : name,
                switch (value) {
                  case NanoTon amount -> amount.nanos();
                  case Number number -> number;
                  case Boolean flag -> flag;
                  case List<?> list -> list.stream().map(Object::toString).toList();
                  default -> value.toString();
                }));
    try {
      return JSON.writeValueAsString(plain) + "\n";
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalStateException("strings and numbers are always JSON", e);
    }
  }
}
