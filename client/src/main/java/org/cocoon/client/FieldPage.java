package org.cocoon.client;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Names and values under headings, as text for people; long hexadecimal values are wrapped. */
public final class FieldPage {
  private static final int HEX_DIGITS_IN_LINE = 64;
  private static final int TEXT_WIDTH = 96;

  /**
   * One field.
   *
   * @param lines what it says
   * @param meaning what that means, empty where it is plain
   */
  private record Field(String name, List<String> lines, String meaning) {}

  private final Terminal terminal;
  private final StringBuilder page = new StringBuilder();
  private final List<Field> section = new ArrayList<>();

  /** An empty page. */
  public FieldPage(Terminal terminal) {
    this.terminal = terminal;
  }

  /** Ends the section so far and begins another. */
  public FieldPage heading(String text) {
    flush();
    page.append(page.isEmpty() ? "" : "\n").append(clean(text)).append('\n');
    return this;
  }

  /** A field of some words. */
  public FieldPage field(String name, Object value) {
    return lines(name, List.of(String.valueOf(value)));
  }

  /** A field of several lines. */
  public FieldPage lines(String name, List<String> lines) {
    section.add(new Field(name, lines.isEmpty() ? List.of("none") : lines, ""));
    return this;
  }

  /** A field of some words and what they mean, wrapped. */
  public FieldPage field(String name, Object value, String meaning) {
    section.add(new Field(name, List.of(String.valueOf(value)), meaning));
    return this;
  }

  /** A field of bytes, with what they mean. */
  public FieldPage hex(String name, String digits, String meaning) {
    section.add(new Field(name, wrap(digits), meaning));
    return this;
  }

  /** A field of bytes, with what they mean. */
  public FieldPage hex(String name, byte[] bytes, String meaning) {
    return hex(name, HexFormat.of().formatHex(bytes), meaning);
  }

  /** A sentence of its own. */
  public FieldPage sentence(String text) {
    flush();
    page.append(page.isEmpty() ? "" : "\n");
    words(clean(text), TEXT_WIDTH).forEach(line -> page.append(line).append('\n'));
    return this;
  }

  /** What stands on it. */
  public String render() {
    flush();
    return page.toString();
  }

  private static List<String> wrap(String digits) {
    if (!digits.isEmpty() && digits.chars().allMatch(c -> c == '0')) {
      return List.of(digits.length() / 2 + " zero bytes");
    }
    List<String> lines = new ArrayList<>();
    for (int at = 0; at < digits.length(); at += HEX_DIGITS_IN_LINE) {
      lines.add(digits.substring(at, Math.min(at + HEX_DIGITS_IN_LINE, digits.length())));
    }
    return lines.isEmpty() ? List.of("no bytes") : lines;
  }

  private static List<String> words(String text, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ", -1)) {
      if (!line.isEmpty() && line.length() + word.length() >= width) {
        lines.add(line.toString());
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    lines.add(line.toString());
    return lines;
  }

  private void flush() {
    int width = section.stream().mapToInt(field -> field.name.length()).max().orElse(0);
    for (Field field : section) {
      String name = field.name + " ".repeat(width - field.name.length());
      for (String line : printed(field, TEXT_WIDTH - width)) {
        page.append("  ").append(name).append("  ").append(line).append('\n');
        name = " ".repeat(width);
      }
    }
    section.clear();
  }

  /** A field's lines; what it means stands behind its only line, if there is room. */
  private List<String> printed(Field field, int width) {
    List<String> lines = new ArrayList<>();
    field.lines.forEach(line -> lines.addAll(words(clean(line), width)));
    if (field.meaning.isEmpty()) {
      return lines;
    }
    String meaning = "(" + clean(field.meaning) + ")";
    if (lines.size() == 1 && lines.getFirst().length() + meaning.length() < width) {
      return List.of(lines.getFirst() + " " + terminal.dim(meaning));
    }
    words(meaning, width).forEach(line -> lines.add(terminal.dim(line)));
    return lines;
  }

  /** Evidence comes from strangers: it must not move the cursor. */
  private static String clean(String text) {
    return Terminal.withoutControls(text).replace('\n', ' ');
  }
}
