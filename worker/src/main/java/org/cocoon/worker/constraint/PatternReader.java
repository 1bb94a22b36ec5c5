package org.cocoon.worker.constraint;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads regular expressions as JSON Schema has them (ECMA-262, section 22.2) into the grammar of a
 * string's inside.
 *
 * <p>Understood: characters, {@code .}, classes, {@code \d \w \s} and their opposites, groups,
 * alternatives, quantifiers up to {@value #MOST_TIMES}, {@code ^} and {@code $} at the ends of an
 * alternative. Look-around, back-references and word boundaries are refused: they are not regular,
 * or look at what is not there yet. Where dialects differ, fewer characters match than in any of
 * them. Without anchors a pattern may stand anywhere in the string.
 */
final class PatternReader {
  private static final int MOST_CHARS = 1_000;
  private static final int MOST_TIMES = 1_000;
  private static final int MOST_DEPTH = 32;

  private static final CodePoints BASIC = CodePoints.of(0, 0xFFFF);
  private static final CodePoints DIGITS = CodePoints.of('0', '9');
  private static final CodePoints WORD =
      DIGITS
          .union(CodePoints.of('a', 'z'))
          .union(CodePoints.of('A', 'Z'))
          .union(CodePoints.of('_'));
  private static final CodePoints BLANKS = CodePoints.of(0x09, 0x0D).union(CodePoints.of(' '));

  /** What some dialect calls white. */
  private static final CodePoints ANY_BLANK =
      BLANKS
          .union(CodePoints.of(0x1C, 0x1F))
          .union(CodePoints.of(0x85))
          .union(CodePoints.of(0xA0))
          .union(CodePoints.of(0x1680))
          .union(CodePoints.of(0x180E))
          .union(CodePoints.of(0x2000, 0x200A))
          .union(CodePoints.of(0x2028, 0x2029))
          .union(CodePoints.of(0x202F))
          .union(CodePoints.of(0x205F))
          .union(CodePoints.of(0x3000))
          .union(CodePoints.of(0xFEFF));

  private static final CodePoints DOT =
      BASIC
          .without(CodePoints.of(0x0A))
          .without(CodePoints.of(0x0D))
          .without(CodePoints.of(0x85))
          .without(CodePoints.of(0x2028, 0x2029));

  private final Grammar grammar;
  private final Node anyCharacter;
  private final String pattern;
  private int at;
  private int depth;

  /** A pattern that is not understood. */
  static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Refused(String fault) {
      super(fault);
    }

    String fault() {
      return String.valueOf(getMessage());
    }
  }

  private PatternReader(Grammar grammar, JsonText json, String pattern) {
    this.grammar = grammar;
    this.anyCharacter = json.character;
    this.pattern = pattern;
  }

  /**
   * The inside of the strings that match.
   *
   * @throws Refused if the pattern is not understood
   */
  static Node read(Grammar grammar, JsonText json, String pattern) {
    if (pattern.length() > MOST_CHARS) {
      throw new Refused("a pattern has at most " + MOST_CHARS + " characters");
    }
    return new PatternReader(grammar, json, pattern).anchored();
  }

  private Node anchored() {
    List<Node> options = new ArrayList<>();
    do {
      boolean start = take('^');
      Node body = alternative();
      boolean end = take('$');
      Node around = grammar.repeat(anyCharacter, 0, Node.Repeat.UNBOUNDED);
      options.add(
          grammar.sequence(start ? grammar.nothing : around, body, end ? grammar.nothing : around));
    } while (take('|'));
    if (at < pattern.length()) {
      throw unexpected();
    }
    return grammar.choice(options);
  }

  private Node alternatives() {
    if (++depth > MOST_DEPTH) {
      throw new Refused("groups are nested at most " + MOST_DEPTH + " deep");
    }
    List<Node> options = new ArrayList<>();
    do {
      options.add(alternative());
    } while (take('|'));
    depth--;
    return grammar.choice(options);
  }

  private Node alternative() {
    List<Node> parts = new ArrayList<>();
    while (at < pattern.length() && "|)$".indexOf(pattern.charAt(at)) < 0) {
      parts.add(quantified(atom()));
    }
    return grammar.sequence(parts);
  }

  private Node atom() {
    int c = next();
    return switch (c) {
      case '(' -> group();
      case '[' -> characterClass().inString(grammar);
      case '.' -> DOT.inString(grammar);
      case '\\' -> escape(false).inString(grammar);
      case '^', '*', '+', '?', '{', '}', ']' -> {
        at--;
        throw unexpected();
      }
      default -> CodePoints.of(c).inString(grammar);
    };
  }

  private Node group() {
    if (take('?') && !take(':')) {
      throw new Refused("look-around and named groups are not supported: use (?:...)");
    }
    Node inside = alternatives();
    if (!take(')')) {
      throw new Refused("a group is not closed, or holds an anchor");
    }
    return inside;
  }

  private Node quantified(Node body) {
    int least;
    int most;
    if (take('*')) {
      least = 0;
      most = Node.Repeat.UNBOUNDED;
    } else if (take('+')) {
      least = 1;
      most = Node.Repeat.UNBOUNDED;
    } else if (take('?')) {
      least = 0;
      most = 1;
    } else if (take('{')) {
      least = times();
      most = !take(',') ? least : peek() == '}' ? Node.Repeat.UNBOUNDED : times();
      if (!take('}') || most < least) {
        throw new Refused("a quantifier must be {n}, {n,} or {n,m} with n at most m");
      }
    } else {
      return body;
    }
    var _ = take('?'); // lazy: another match of the same strings
    if ("*+?{".indexOf(peek()) >= 0) {
      throw new Refused("two quantifiers follow each other at character " + at);
    }
    return grammar.repeat(body, least, most);
  }

  private int times() {
    int from = at;
    while (peek() >= '0' && peek() <= '9') {
      at++;
    }
    int value =
        at > from && at - from < 6 ? Integer.parseInt(pattern, from, at, 10) : MOST_TIMES + 1;
    if (value > MOST_TIMES) {
      throw new Refused("a quantifier counts to " + MOST_TIMES + " at most");
    }
    return value;
  }

  private CodePoints characterClass() {
    boolean negated = take('^');
    CodePoints set = CodePoints.NONE;
    while (!take(']')) {
      CodePoints first = classItem();
      if (peek() == '-' && at + 1 < pattern.length() && pattern.charAt(at + 1) != ']') {
        at++;
        CodePoints last = classItem();
        first = CodePoints.of(single(first), single(last));
        if (first.ranges()[0] > first.ranges()[1]) {
          throw new Refused("a range in a character class runs backwards");
        }
      }
      set = set.union(first);
    }
    return negated ? set.complement().intersection(BASIC) : set;
  }

  private CodePoints classItem() {
    int c = next();
    return c == '\\' ? escape(true) : CodePoints.of(c);
  }

  private static int single(CodePoints set) {
    if (set.ranges().length != 2 || set.ranges()[0] != set.ranges()[1]) {
      throw new Refused("a range in a character class ends in a class");
    }
    return set.ranges()[0];
  }

  private CodePoints escape(boolean inClass) {
    int c = next();
    return switch (c) {
      case 'd' -> DIGITS;
      case 'D' -> BASIC.without(DIGITS);
      case 'w' -> WORD;
      case 'W' -> BASIC.without(WORD);
      case 's' -> BLANKS;
      case 'S' -> BASIC.without(ANY_BLANK);
      case 'n' -> CodePoints.of('\n');
      case 'r' -> CodePoints.of('\r');
      case 't' -> CodePoints.of('\t');
      case 'f' -> CodePoints.of('\f');
      case 'v' -> CodePoints.of(0x0B);
      case 'x' -> hex(2);
      case 'u' -> hex(4);
      default -> {
        boolean isLetter = c < 0x80 && Character.isLetterOrDigit(c);
        if (isLetter && !(inClass && c == 'b')) {
          throw new Refused("\\" + Character.toString(c) + " is not supported in a pattern");
        }
        yield CodePoints.of(c == 'b' ? '\b' : c);
      }
    };
  }

  private CodePoints hex(int digits) {
    int value = 0;
    for (int i = 0; i < digits; i++) {
      int digit = Character.digit(next(), 16);
      if (digit < 0) {
        throw new Refused("\\x takes two hexadecimal digits, and \\u four");
      }
      value = value * 16 + digit;
    }
    return CodePoints.of(value);
  }

  private int peek() {
    return at < pattern.length() ? pattern.charAt(at) : -1;
  }

  private boolean take(char wanted) {
    if (peek() == wanted) {
      at++;
      return true;
    }
    return false;
  }

  private int next() {
    if (at >= pattern.length()) {
      throw new Refused("the pattern ends too early");
    }
    int c = pattern.codePointAt(at);
    at += Character.charCount(c);
    return c;
  }

  private Refused unexpected() {
    return new Refused("the character " + (at + 1) + " of the pattern is out of place");
  }
}
