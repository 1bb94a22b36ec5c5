package org.cocoon.worker.constraint;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A part of a grammar over bytes. Nodes are compared by identity and may refer to each other in
 * circles through a {@link Reference}; apart from that they are immutable.
 */
abstract sealed class Node {
  /** More bytes than any answer has. */
  static final int ENDLESS = 1 << 28;

  private boolean productive;
  private int shortest = ENDLESS;

  /** Whether any text at all matches; known once the grammar is complete. */
  final boolean productive() {
    return productive;
  }

  /** Looks again whether it is productive; returns whether that is news. */
  final boolean becomesProductive() {
    if (productive || !derives()) {
      return false;
    }
    productive = true;
    return true;
  }

  /** Whether it is productive, by what is known of its parts. */
  abstract boolean derives();

  /** Bytes of the shortest text that matches; known once the grammar is complete. */
  final int shortest() {
    return shortest;
  }

  /** Looks again how short it can be; returns whether that is news. */
  final boolean becomesShorter() {
    int now = (int) Math.min(measure(), ENDLESS);
    boolean news = now < shortest;
    shortest = now;
    return news;
  }

  /** Bytes of the shortest text, by what is known of its parts. */
  abstract long measure();

  /** One byte out of a set. */
  static final class ByteSet extends Node {
    private final long[] bits = new long[4];

    /** The bytes of a range, both ends in it. */
    ByteSet(int least, int most) {
      for (int value = least; value <= most; value++) {
        add(value);
      }
    }

    /** The bytes of ASCII text. */
    ByteSet(String ascii) {
      ascii.chars().forEach(this::add);
    }

    private void add(int value) {
      bits[value >> 6] |= 1L << (value & 63);
    }

    ByteSet without(String ascii) {
      ByteSet rest = new ByteSet(ascii);
      for (int i = 0; i < bits.length; i++) {
        rest.bits[i] = bits[i] & ~rest.bits[i];
      }
      return rest;
    }

    boolean has(int value) {
      return (bits[value >> 6] >>> (value & 63) & 1) != 0;
    }

    @Override
    boolean derives() {
      return true;
    }

    @Override
    long measure() {
      return 1;
    }
  }

  /** These bytes, at least one. */
  static final class Literal extends Node {
    final byte[] bytes;

    Literal(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    boolean derives() {
      return true;
    }

    @Override
    long measure() {
      return bytes.length;
    }
  }

  /** One part after the other; of no parts, the empty text. */
  static final class Sequence extends Node {
    final List<Node> parts;
    private int @Nullable [] shortestFrom;

    Sequence(List<Node> parts) {
      this.parts = List.copyOf(parts);
    }

    @Override
    boolean derives() {
      return parts.stream().allMatch(Node::productive);
    }

    @Override
    long measure() {
      return parts.stream().mapToLong(Node::shortest).sum();
    }

    /** Bytes of the shortest text of the parts from one on; of a complete grammar. */
    int shortestFrom(int part) {
      int[] sums = shortestFrom;
      if (sums == null) {
        sums = new int[parts.size() + 1];
        for (int i = parts.size() - 1; i >= 0; i--) {
          sums[i] = Math.min(sums[i + 1] + parts.get(i).shortest(), ENDLESS);
        }
        shortestFrom = sums;
      }
      return sums[part];
    }
  }

  /** One of several; of none, no text at all. */
  static final class Choice extends Node {
    final List<Node> options;

    Choice(List<Node> options) {
      this.options = List.copyOf(options);
    }

    @Override
    boolean derives() {
      return options.stream().anyMatch(Node::productive);
    }

    @Override
    long measure() {
      return options.stream().mapToLong(Node::shortest).min().orElse(ENDLESS);
    }
  }

  /** The same again, a number of times. */
  static final class Repeat extends Node {
    /** No upper bound. */
    static final int UNBOUNDED = Integer.MAX_VALUE;

    final Node body;
    final int least;
    final int most;

    Repeat(Node body, int least, int most) {
      if (least < 0 || most < least) {
        throw new IllegalArgumentException("from " + least + " to " + most + " times");
      }
      this.body = body;
      this.least = least;
      this.most = most;
    }

    @Override
    boolean derives() {
      return least == 0 || body.productive();
    }

    @Override
    long measure() {
      return shortestAfter(0);
    }

    /** Bytes of the shortest text of the repetitions that are missing after so many. */
    int shortestAfter(int count) {
      long missing = Math.max(least - count, 0);
      return (int) Math.min(missing * body.shortest(), ENDLESS);
    }
  }

  /** Stands for a node that may not be made yet. */
  static final class Reference extends Node {
    private @Nullable Node target;

    void becomes(Node node) {
      target = node;
    }

    Node target() {
      Node node = target;
      if (node == null) {
        throw new IllegalStateException("a reference into an unfinished grammar");
      }
      return node;
    }

    @Override
    boolean derives() {
      return target().productive();
    }

    @Override
    long measure() {
      return target().shortest();
    }
  }
}
