package org.cocoon.link.evidence.collateral;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The members of one JSON object, each value as the raw text that it is in the source.
 *
 * <p>What is signed must be kept byte for byte, so values are cut out and never written anew. Only
 * the outermost object is read strictly; the signature's owner reads what is inside. RFC 8259.
 */
final class JsonMembers {
  private static final int MAX_DEPTH = 32;

  private final String json;
  private int at;

  private JsonMembers(String json) {
    this.json = json;
  }

  /**
   * Reads one object.
   *
   * @throws IOException a sentence, if it is none, has a member twice or something follows it
   */
  static Map<String, String> of(String json) throws IOException {
    return new JsonMembers(json).read();
  }

  /** The raw text of a member that must be there. */
  static String required(Map<String, String> members, String name) throws IOException {
    String raw = members.get(name);
    if (raw == null) {
      throw new IOException("member '" + name + "' is missing");
    }
    return raw;
  }

  /** The text of a member that must be a string. */
  static String text(Map<String, String> members, String name) throws IOException {
    String raw = required(members, name);
    if (raw.length() < 2 || raw.charAt(0) != '"') {
      throw new IOException("member '" + name + "' is not a string");
    }
    return unescape(raw.substring(1, raw.length() - 1));
  }

  /** A string with its quotes and escapes. */
  static String quote(String text) {
    StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> quoted.append('\\').append(c);
        case '\n' -> quoted.append("\\n");
        case '\r' -> quoted.append("\\r");
        case '\t' -> quoted.append("\\t");
        default -> {
          if (c < 0x20) {
            quoted.append(String.format("\\u%04x", (int) c));
          } else {
            quoted.append(c);
          }
        }
      }
    }
    return quoted.append('"').toString();
  }

  private Map<String, String> read() throws IOException {
    Map<String, String> members = new LinkedHashMap<>();
    expect('{');
    if (peek() == '}') {
      at++;
    } else {
      do {
        String name = unescape(string());
        expect(':');
        skipSpace();
        int from = at;
        skipValue();
        if (members.put(name, json.substring(from, at)) != null) {
          throw new IOException("member '" + name + "' is there twice");
        }
      } while (more());
    }
    skipSpace();
    if (at != json.length()) {
      throw broken();
    }
    return members;
  }

  private boolean more() throws IOException {
    char next = peek();
    at++;
    return switch (next) {
      case ',' -> true;
      case '}' -> false;
      default -> throw broken();
    };
  }

  /** Steps over one value: a string, a bare word or number, or brackets that match. */
  private void skipValue() throws IOException {
    StringBuilder open = new StringBuilder();
    do {
      char c = peek();
      switch (c) {
        case '"' -> string();
        case '{', '[' -> {
          open.append(c == '{' ? '}' : ']');
          at++;
          if (open.length() > MAX_DEPTH) {
            throw new IOException("it is nested more than " + MAX_DEPTH + " deep");
          }
        }
        case '}', ']' -> {
          if (open.isEmpty() || open.charAt(open.length() - 1) != c) {
            throw broken();
          }
          open.setLength(open.length() - 1);
          at++;
        }
        case ',', ':' -> {
          if (open.isEmpty()) {
            throw broken();
          }
          at++;
        }
        default -> skipWord();
      }
    } while (!open.isEmpty());
  }

  private void skipWord() throws IOException {
    int from = at;
    while (at < json.length() && isWord(json.charAt(at))) {
      at++;
    }
    if (at == from) {
      throw broken();
    }
  }

  private static boolean isWord(char c) {
    return (c >= '0' && c <= '9')
        || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || c == '-'
        || c == '+'
        || c == '.';
  }

  /** What is between two quotes, escapes as they are. */
  private String string() throws IOException {
    expect('"');
    int from = at;
    while (at < json.length() && json.charAt(at) != '"') {
      if (json.charAt(at) < 0x20) {
        throw broken();
      }
      at += json.charAt(at) == '\\' ? 2 : 1;
    }
    if (at >= json.length()) {
      throw broken();
    }
    return json.substring(from, at++);
  }

  private void expect(char c) throws IOException {
    if (peek() != c) {
      throw broken();
    }
    at++;
  }

  private char peek() throws IOException {
    skipSpace();
    if (at >= json.length()) {
      throw broken();
    }
    return json.charAt(at);
  }

  private void skipSpace() {
    while (at < json.length() && " \t\r\n".indexOf(json.charAt(at)) >= 0) {
      at++;
    }
  }

  private static String unescape(String raw) throws IOException {
    if (raw.indexOf('\\') < 0) {
      return raw;
    }
    StringBuilder text = new StringBuilder(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c != '\\') {
        text.append(c);
        continue;
      }
      char escaped = raw.charAt(++i);
      switch (escaped) {
        case '"', '\\', '/' -> text.append(escaped);
        case 'b' -> text.append('\b');
        case 'f' -> text.append('\f');
        case 'n' -> text.append('\n');
        case 'r' -> text.append('\r');
        case 't' -> text.append('\t');
        case 'u' -> {
          text.append(unicode(raw, i + 1));
          i += 4;
        }
        default -> throw new IOException("a string has the unknown escape \\" + escaped);
      }
    }
    return text.toString();
  }

  private static char unicode(String raw, int from) throws IOException {
    if (from + 4 > raw.length()) {
      throw new IOException("a string ends in the middle of an escape");
    }
    int value = 0;
    for (int i = from; i < from + 4; i++) {
      int digit = Character.digit(raw.charAt(i), 16);
      if (digit < 0) {
        throw new IOException("a string has a broken \\u escape");
      }
      value = value << 4 | digit;
    }
    return (char) value;
  }

  private IOException broken() {
    return new IOException("it is not a JSON object: see character " + at);
  }
}
