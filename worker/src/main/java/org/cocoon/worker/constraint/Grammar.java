package org.cocoon.worker.constraint;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.cocoon.worker.constraint.Node.ByteSet;
import org.cocoon.worker.constraint.Node.Choice;
import org.cocoon.worker.constraint.Node.Literal;
import org.cocoon.worker.constraint.Node.Reference;
import org.cocoon.worker.constraint.Node.Repeat;
import org.cocoon.worker.constraint.Node.Sequence;

/**
 * Makes the nodes of one grammar, and bounds how many there are. One thread; unused once the
 * grammar is complete.
 */
final class Grammar {
  /** The most nodes of one grammar: about 10 MB of them. */
  static final int MOST_NODES = 100_000;

  private final List<Node> nodes = new ArrayList<>();

  /** The empty text. */
  final Node nothing = add(new Sequence(List.of()));

  /** No text. */
  final Node never = add(new Choice(List.of()));

  /** A grammar that grew too large. */
  static final class TooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private <T extends Node> T add(T node) {
    if (nodes.size() >= MOST_NODES) {
      throw new TooLargeException();
    }
    nodes.add(node);
    return node;
  }

  Node bytes(int least, int most) {
    return add(new ByteSet(least, most));
  }

  Node anyOf(String ascii) {
    return add(new ByteSet(ascii));
  }

  /** The bytes of a range but for these. */
  Node bytesBut(int least, int most, String ascii) {
    return add(new ByteSet(least, most).without(ascii));
  }

  Node text(String text) {
    return text.isEmpty() ? nothing : add(new Literal(text.getBytes(UTF_8)));
  }

  Node sequence(Node... parts) {
    return sequence(List.of(parts));
  }

  Node sequence(List<Node> parts) {
    return parts.size() == 1 ? parts.getFirst() : add(new Sequence(parts));
  }

  Node choice(Node... options) {
    return choice(List.of(options));
  }

  Node choice(List<Node> options) {
    return options.size() == 1 ? options.getFirst() : add(new Choice(options));
  }

  Node optional(Node body) {
    return choice(body, nothing);
  }

  Node repeat(Node body, int least, int most) {
    return least == 1 && most == 1 ? body : add(new Repeat(body, least, most));
  }

  Reference reference() {
    return add(new Reference());
  }

  /** Ends the making: finds out which nodes match any text, and how short one. */
  void complete() {
    settle(Node::becomesProductive);
    settle(Node::becomesShorter);
  }

  private void settle(Predicate<Node> learns) {
    boolean news = true;
    while (news) { // each round settles at least one more level of nesting
      news = false;
      for (Node node : nodes) {
        news |= learns.test(node);
      }
    }
  }
}
