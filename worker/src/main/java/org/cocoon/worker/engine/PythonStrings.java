package org.cocoon.worker.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Python's methods of strings, as far as chat templates use them. */
final class PythonStrings {
  private static final String BLANKS = " \t\n\r\f\u000b";

  private PythonStrings() {}

  /** Calls a method; null where there is none of this name with these arguments. */
  static @Nullable Object call(String text, String method, @Nullable Object[] arguments) {
    String first = argument(arguments, 0);
    String second = argument(arguments, 1);
    return switch (method) {
      case "strip" -> strip(text, first, true, true);
      case "lstrip" -> strip(text, first, true, false);
      case "rstrip" -> strip(text, first, false, true);
      case "upper" -> text.toUpperCase(Locale.ROOT);
      case "lower" -> text.toLowerCase(Locale.ROOT);
      case "title" -> title(text);
      case "capitalize" ->
          text.isEmpty()
              ? text
              : text.substring(0, 1).toUpperCase(Locale.ROOT)
                  + text.substring(1).toLowerCase(Locale.ROOT);
      case "startswith" -> first == null ? null : text.startsWith(first);
      case "endswith" -> first == null ? null : text.endsWith(first);
      case "find" -> first == null ? null : (long) text.indexOf(first);
      case "count" ->
          first == null || first.isEmpty() ? null : (long) parts(text, first).size() - 1;
      case "replace" -> first == null || second == null ? null : text.replace(first, second);
      case "split" -> first == null ? words(text) : first.isEmpty() ? null : parts(text, first);
      case "join" -> arguments.length == 1 ? join(text, arguments[0]) : null;
      default -> null;
    };
  }

  private static @Nullable String argument(@Nullable Object[] arguments, int index) {
    return index < arguments.length && arguments[index] != null
        ? String.valueOf(arguments[index])
        : null;
  }

  private static String strip(String text, @Nullable String set, boolean left, boolean right) {
    String removed = set == null ? BLANKS : set;
    int from = 0;
    int to = text.length();
    while (left && from < to && removed.indexOf(text.charAt(from)) >= 0) {
      from++;
    }
    while (right && to > from && removed.indexOf(text.charAt(to - 1)) >= 0) {
      to--;
    }
    return text.substring(from, to);
  }

  private static String title(String text) {
    StringBuilder title = new StringBuilder(text.length());
    boolean inWord = false;
    for (int i = 0; i < text.length(); i++) {
      char next = text.charAt(i);
      title.append(inWord ? Character.toLowerCase(next) : Character.toUpperCase(next));
      inWord = Character.isLetter(next);
    }
    return title.toString();
  }

  private static List<Object> parts(String text, String separator) {
    List<Object> parts = new ArrayList<>();
    int from = 0;
    int at;
    while ((at = text.indexOf(separator, from)) >= 0) {
      parts.add(text.substring(from, at));
      from = at + separator.length();
    }
    parts.add(text.substring(from));
    return parts;
  }

  private static List<Object> words(String text) {
    String stripped = text.strip();
    return stripped.isEmpty() ? List.of() : List.of((Object[]) stripped.split("\\s+"));
  }

  private static @Nullable String join(String separator, @Nullable Object items) {
    if (!(items instanceof List<?> list)) {
      return null;
    }
    return String.join(separator, list.stream().map(String::valueOf).toList());
  }
}
