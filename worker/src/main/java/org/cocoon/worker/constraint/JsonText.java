package org.cocoon.worker.constraint;

import com.fasterxml.jackson.core.io.JsonStringEncoder;

/** JSON's syntax (RFC 8259) as grammar: what every schema is made of. One grammar, one thread. */
final class JsonText {
  /** Blanks that may follow a line break. */
  private static final int MOST_INDENT = 20;

  /** Digits before the point of a number without bounds, and after it: exact in a double. */
  static final int MOST_DIGITS = 15;

  private final Grammar grammar;

  /** Any character of a string, escaped or not. */
  final Node character;

  /** A blank or none. */
  final Node blank;

  /** Whitespace between parts: none, a blank, or a line break with its indentation. */
  final Node space;

  final Node digit;
  final Node integer;
  final Node number;

  JsonText(Grammar grammar) {
    this.grammar = grammar;
    Node hex = grammar.anyOf("0123456789abcdefABCDEF");
    Node unicode =
        grammar.sequence(
            grammar.text("u"),
            grammar.choice(
                grammar.sequence(grammar.anyOf("0123456789abcefABCEF"), hex, hex, hex),
                grammar.sequence(grammar.anyOf("dD"), grammar.bytes('0', '7'), hex, hex)));
    Node escape =
        grammar.sequence(grammar.text("\\"), grammar.choice(grammar.anyOf("\"\\/bfnrt"), unicode));
    CodePoints plain =
        CodePoints.ALL
            .without(CodePoints.of(0, 0x1F))
            .without(CodePoints.of('"'))
            .without(CodePoints.of('\\'));
    character = grammar.choice(plain.inString(grammar), escape);
    blank = grammar.optional(grammar.text(" "));
    space =
        grammar.choice(
            grammar.nothing,
            grammar.text(" "),
            grammar.sequence(
                grammar.text("\n"), grammar.repeat(grammar.text(" "), 0, MOST_INDENT)));
    digit = grammar.bytes('0', '9');
    Node whole =
        grammar.choice(
            grammar.text("0"),
            grammar.sequence(grammar.bytes('1', '9'), grammar.repeat(digit, 0, MOST_DIGITS - 1)));
    Node minus = grammar.optional(grammar.text("-"));
    integer = grammar.sequence(minus, whole);
    Node fraction = grammar.sequence(grammar.text("."), grammar.repeat(digit, 1, MOST_DIGITS));
    Node exponent =
        grammar.sequence(
            grammar.anyOf("eE"),
            grammar.optional(grammar.anyOf("+-")),
            grammar.repeat(digit, 1, 2));
    number = grammar.sequence(minus, whole, grammar.optional(fraction), grammar.optional(exponent));
  }

  /** A string of so many characters. */
  Node string(int least, int most) {
    return quoted(grammar.repeat(character, least, most));
  }

  /** A string with this inside. */
  Node quoted(Node inside) {
    return grammar.sequence(grammar.text("\""), inside, grammar.text("\""));
  }

  /** A member of an object: its name as it stands there, and its value. */
  Node member(Node name, Node value) {
    return grammar.sequence(name, grammar.text(":"), blank, value);
  }

  /** Between two members or items. */
  Node comma() {
    return grammar.sequence(grammar.text(","), space);
  }

  /** Something between brackets. */
  Node enclosed(String open, Node inside, String close) {
    return grammar.sequence(grammar.text(open), space, inside, space, grammar.text(close));
  }

  /** Text as the inside of a JSON string. */
  static String escaped(String text) {
    return new String(JsonStringEncoder.getInstance().quoteAsString(text));
  }
}
