package org.cocoon.worker.constraint;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;

/**
 * A set of Unicode's code points as sorted, disjoint ranges, and its grammar inside of a JSON
 * string.
 *
 * @param ranges pairs of first and last, both in the set
 */
record CodePoints(int[] ranges) {
  static final CodePoints NONE = new CodePoints(new int[0]);
  static final CodePoints ALL = of(0, Character.MAX_CODE_POINT);
  private static final int FIRST_PRINTABLE = 0x20;
  private static final int[] LAST_OF_LENGTH = {0x7F, 0x7FF, 0xFFFF, Character.MAX_CODE_POINT};

  static CodePoints of(int first, int last) {
    return new CodePoints(new int[] {first, last});
  }

  static CodePoints of(int codePoint) {
    return of(codePoint, codePoint);
  }

  boolean isEmpty() {
    return ranges.length == 0;
  }

  CodePoints union(CodePoints other) {
    return complement().intersection(other.complement()).complement();
  }

  CodePoints without(CodePoints other) {
    return intersection(other.complement());
  }

  CodePoints complement() {
    List<Integer> rest = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < ranges.length; i += 2) {
      if (ranges[i] > next) {
        rest.add(next);
        rest.add(ranges[i] - 1);
      }
      next = ranges[i + 1] + 1;
    }
    if (next <= Character.MAX_CODE_POINT) {
      rest.add(next);
      rest.add(Character.MAX_CODE_POINT);
    }
    return from(rest);
  }

  CodePoints intersection(CodePoints other) {
    List<Integer> both = new ArrayList<>();
    for (int i = 0, j = 0; i < ranges.length && j < other.ranges.length; ) {
      int first = Math.max(ranges[i], other.ranges[j]);
      int last = Math.min(ranges[i + 1], other.ranges[j + 1]);
      if (first <= last) {
        both.add(first);
        both.add(last);
      }
      if (ranges[i + 1] < other.ranges[j + 1]) {
        i += 2;
      } else {
        j += 2;
      }
    }
    return from(both);
  }

  private static CodePoints from(List<Integer> ends) {
    return new CodePoints(ends.stream().mapToInt(Integer::intValue).toArray());
  }

  /**
   * One of these characters as a JSON string holds it: UTF-8, and the shortest escape where JSON
   * (RFC 8259, section 7) wants one. Halves of surrogate pairs are no characters.
   */
  Node inString(Grammar grammar) {
    List<Node> options = new ArrayList<>();
    CodePoints plain =
        without(of(0, FIRST_PRINTABLE - 1))
            .without(of('"'))
            .without(of('\\'))
            .without(of(Character.MIN_SURROGATE, Character.MAX_SURROGATE));
    for (int i = 0; i < plain.ranges.length; i += 2) {
      utf8(grammar, plain.ranges[i], plain.ranges[i + 1], options);
    }
    for (int c = 0; c < FIRST_PRINTABLE; c++) {
      escape(grammar, c, options);
    }
    escape(grammar, '"', options);
    escape(grammar, '\\', options);
    return options.isEmpty() ? grammar.never : grammar.choice(options);
  }

  private void escape(Grammar grammar, int c, List<Node> options) {
    if (!intersection(of(c)).isEmpty()) {
      options.add(grammar.text(JsonText.escaped(Character.toString(c))));
    }
  }

  /**
   * The UTF-8 of a range, as sequences of ranges of bytes: cut where the length changes and where a
   * byte's range would not be the same for all bytes before it (as RE2 and Rust's regex do).
   */
  private static void utf8(Grammar grammar, int first, int last, List<Node> options) {
    for (int end : LAST_OF_LENGTH) {
      if (first <= end && end < last) {
        utf8(grammar, first, end, options);
        utf8(grammar, end + 1, last, options);
        return;
      }
    }
    byte[] low = bytes(first);
    byte[] high = bytes(last);
    for (int i = 1; i < low.length; i++) {
      int mask = (1 << (6 * i)) - 1;
      if ((first & ~mask) != (last & ~mask)) {
        if ((first & mask) != 0) {
          utf8(grammar, first, first | mask, options);
          utf8(grammar, (first | mask) + 1, last, options);
          return;
        }
        if ((last & mask) != mask) {
          utf8(grammar, first, (last & ~mask) - 1, options);
          utf8(grammar, last & ~mask, last, options);
          return;
        }
      }
    }
    List<Node> parts = new ArrayList<>(low.length);
    for (int i = 0; i < low.length; i++) {
      parts.add(grammar.bytes(low[i] & 0xFF, high[i] & 0xFF));
    }
    options.add(grammar.sequence(parts));
  }

  private static byte[] bytes(int codePoint) {
    return Character.toString(codePoint).getBytes(UTF_8);
  }
}
