package org.cocoon.worker.constraint;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The grammar of JSON of no particular form, nested at most {@value #MOST_DEPTH} deep. */
final class FreeJson {
  /** Without an end a model that opens brackets would never close one. */
  private static final int MOST_DEPTH = 12;

  private static final int MOST_NAME = 64;

  private final Grammar grammar;
  private final JsonText json;
  private @Nullable Node value;

  FreeJson(Grammar grammar, JsonText json) {
    this.grammar = grammar;
    this.json = json;
  }

  /** Any value. */
  Node value() {
    Node made = value;
    if (made == null) {
      made = value(MOST_DEPTH);
      value = made;
    }
    return made;
  }

  /** Any object. */
  Node object() {
    return object(value(MOST_DEPTH - 1));
  }

  private Node value(int depth) {
    List<Node> options = new ArrayList<>();
    options.add(json.string(0, Node.Repeat.UNBOUNDED));
    options.add(json.number);
    options.add(grammar.text("true"));
    options.add(grammar.text("false"));
    options.add(grammar.text("null"));
    if (depth > 1) {
      Node inner = value(depth - 1);
      options.add(object(inner));
      options.add(json.enclosed("[", several(inner), "]"));
    }
    return grammar.choice(options);
  }

  private Node object(Node value) {
    return json.enclosed("{", several(json.member(json.string(1, MOST_NAME), value)), "}");
  }

  private Node several(Node one) {
    Node more = grammar.sequence(json.comma(), one);
    return grammar.optional(grammar.sequence(one, grammar.repeat(more, 0, Node.Repeat.UNBOUNDED)));
  }
}
