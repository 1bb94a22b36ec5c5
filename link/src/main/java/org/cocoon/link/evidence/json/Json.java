package org.cocoon.link.evidence.json;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a JSON text (RFC 8259) that must be an object.
 *
 * <p>Refused beside what the RFC refuses: broken UTF-8, a byte order mark, a key twice in one
 * object, half of a surrogate pair, a number that is not whole or has more than 15 digits (which
 * not every reader holds exactly), and more than {@value #MAX_DEPTH} levels.
 */
public final class Json {
  /** How deep objects and arrays may be nested. */
  public static final int MAX_DEPTH = 16;

  private static final int MAX_DIGITS = 15;

  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  /**
   * Reads an object.
   *
   * @param utf8 the whole text
   * @param maxBytes how long it may be
   */
  public static JsonObject parse(byte[] utf8, int maxBytes) throws JsonException {
    if (utf8.length > maxBytes) {
      throw new JsonException("it has " + utf8.length + " bytes, more than " + maxBytes);
    }
    try {
      return parse(UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString());
    } catch (CharacterCodingException e) {
      throw new JsonException("it is not UTF-8");
    }
  }

  /** Reads an object whose length the caller has bounded. */
  public static JsonObject parse(String text) throws JsonException {
    Json json = new Json(text);
    json.skipSpace();
    if (json.peek() != '{') {
      throw new JsonException("it must be a JSON object");
    }
    JsonObject object = json.object("", 1);
    json.skipSpace();
    if (json.at < text.length()) {
      throw json.broken("something follows the closing brace");
    }
    return object;
  }

  /** A string as JSON, in quotes. */
  public static String quote(String value) {
    StringBuilder out = new StringBuilder(value.length() + 2).append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        default -> {
          if (c < 0x20) {
            out.append("\\u").append(HexFormat.of().toHexDigits(c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append('"').toString();
  }

  private JsonValue value(String path, int depth) throws JsonException {
    return switch (peek()) {
      case '{' -> object(path, depth);
      case '[' -> row(path, depth);
      case '"' -> new JsonValue.Text(path, string());
      case 't' -> literal("true", new JsonValue.Truth(path, true));
      case 'f' -> literal("false", new JsonValue.Truth(path, false));
      case 'n' -> literal("null", new JsonValue.Nothing(path));
      default -> new JsonValue.Whole(path, whole());
    };
  }

  private JsonObject object(String path, int depth) throws JsonException {
    requireDepth(depth);
    int from = at;
    at++;
    Map<String, JsonValue> members = new LinkedHashMap<>();
    skipSpace();
    if (peek() == '}') {
      at++;
      return new JsonObject(path, members, text, from, at);
    }
    while (true) {
      skipSpace();
      String key = string();
      String keyPath = path.isEmpty() ? key : path + "." + key;
      if (members.containsKey(key)) {
        throw new JsonException("key '" + keyPath + "' is there twice");
      }
      skipSpace();
      expect(':');
      skipSpace();
      members.put(key, value(keyPath, depth + 1));
      skipSpace();
      if (next() == '}') {
        return new JsonObject(path, members, text, from, at);
      }
      at--;
      expect(',');
    }
  }

  private JsonValue.Row row(String path, int depth) throws JsonException {
    requireDepth(depth);
    at++;
    List<JsonValue> values = new ArrayList<>();
    skipSpace();
    if (peek() == ']') {
      at++;
      return new JsonValue.Row(path, values);
    }
    while (true) {
      skipSpace();
      values.add(value(path + "[" + values.size() + "]", depth + 1));
      skipSpace();
      if (next() == ']') {
        return new JsonValue.Row(path, values);
      }
      at--;
      expect(',');
    }
  }

  private String string() throws JsonException {
    expect('"');
    StringBuilder out = new StringBuilder();
    while (true) {
      char c = next();
      if (c == '"') {
        return requireWholeCharacters(out.toString());
      }
      if (c < 0x20) {
        throw broken("a control character is in a string");
      }
      out.append(c == '\\' ? escaped() : c);
    }
  }

  private char escaped() throws JsonException {
    char c = next();
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        int code = 0;
        for (int i = 0; i < 4; i++) {
          char digit = next();
          if (!HexFormat.isHexDigit(digit)) {
            throw broken("an escape has not four hexadecimal digits");
          }
          code = code << 4 | HexFormat.fromHexDigit(digit);
        }
        yield (char) code;
      }
      default -> throw broken("an escape is unknown");
    };
  }

  private String requireWholeCharacters(String value) throws JsonException {
    boolean half =
        value
            .codePoints()
            .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    if (half) {
      throw broken("a string holds half of a character");
    }
    return value;
  }

  private long whole() throws JsonException {
    int from = at;
    boolean negative = peek() == '-';
    if (negative) {
      at++;
    }
    int digitsFrom = at;
    while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
      at++;
    }
    int digits = at - digitsFrom;
    boolean leadingZero = digits > 1 && text.charAt(digitsFrom) == '0';
    boolean goesOn = at < text.length() && ".eE".indexOf(text.charAt(at)) >= 0;
    if (digits == 0 || digits > MAX_DIGITS || leadingZero || goesOn) {
      at = from;
      throw broken("there is neither a value nor a whole number of at most 15 digits");
    }
    return Long.parseLong(text, from, at, 10);
  }

  private <T extends JsonValue> T literal(String word, T value) throws JsonException {
    if (!text.startsWith(word, at)) {
      throw broken("a word is not " + word);
    }
    at += word.length();
    return value;
  }

  private void requireDepth(int depth) throws JsonException {
    if (depth > MAX_DEPTH) {
      throw broken("there are more than " + MAX_DEPTH + " levels");
    }
  }

  private void skipSpace() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private void expect(char expected) throws JsonException {
    if (next() != expected) {
      at--;
      throw broken("there is no '" + expected + "'");
    }
  }

  private char peek() throws JsonException {
    if (at >= text.length()) {
      throw broken("the text ends too early");
    }
    return text.charAt(at);
  }

  private char next() throws JsonException {
    char c = peek();
    at++;
    return c;
  }

  private JsonException broken(String what) {
    return new JsonException("at character " + at + " " + what);
  }
}
