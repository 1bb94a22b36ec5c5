package org.cocoon.contracts;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The Merkle sum tree of what everybody has earned from one router, cumulative over all epochs.
 *
 * <p>Leaves stand in the order in which payees first earned, and keep their place for good; the
 * tree is padded to a power of two with empty leaves. A node binds the sums below it, so that the
 * leaves that can be proved never add up to more than the total. The layout is in
 * docs/SETTLEMENT.md. Immutable.
 */
public final class EarningsTree {
  /** The most leaves: a contract accepts no longer way up. */
  public static final int MAX_LEAVES = 1 << 20;

  /** The most leaves that one message pays. */
  public static final int MAX_BATCH_HEIGHT = 7;

  private static final Node EMPTY = new Node(new byte[32], NanoTon.ZERO);

  private final List<Leaf> leaves;
  private final List<List<Node>> levels;

  /**
   * What a payee has earned. One that has earned nothing keeps its place with an empty leaf.
   *
   * @param payee whom it is paid to
   * @param earned in all
   */
  public record Leaf(TonAddress payee, NanoTon earned) {
    /** Whether nothing is earned: the tree does not say whose the place is. */
    public boolean isEmpty() {
      return earned.nanos() == 0;
    }
  }

  /**
   * The top of a part of the tree.
   *
   * @param hash 32 bytes
   * @param sum of the leaves below it
   */
  public record Node(byte[] hash, NanoTon sum) {
    /** Copies the hash. */
    public Node {
      if (hash.length != 32) {
        throw new IllegalArgumentException("a hash has 32 bytes, not " + hash.length);
      }
      hash = hash.clone();
    }

    /** A copy, 32 bytes. */
    @Override
    public byte[] hash() {
      return hash.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Node that && Arrays.equals(hash, that.hash) && sum.equals(that.sum);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(hash);
    }
  }

  private EarningsTree(List<Leaf> leaves, List<List<Node>> levels) {
    this.leaves = leaves;
    this.levels = levels;
  }

  /**
   * Builds the tree of a settlement contract.
   *
   * @param leaves in their order
   * @throws ArithmeticException if they add up to more than an amount can be
   */
  public static EarningsTree of(int networkId, TonAddress settlement, List<Leaf> leaves) {
    if (leaves.size() > MAX_LEAVES) {
      throw new IllegalArgumentException("more than " + MAX_LEAVES + " payees");
    }
    int width = leaves.size() <= 1 ? 1 : Integer.highestOneBit(leaves.size() - 1) << 1;
    List<Node> level = new ArrayList<>(width);
    for (Leaf leaf : leaves) {
      level.add(node(networkId, settlement, leaf));
    }
    while (level.size() < width) {
      level.add(EMPTY);
    }
    List<List<Node>> levels = new ArrayList<>();
    levels.add(List.copyOf(level));
    while (level.size() > 1) {
      List<Node> above = new ArrayList<>(level.size() / 2);
      for (int i = 0; i < level.size(); i += 2) {
        above.add(join(level.get(i), level.get(i + 1)));
      }
      levels.add(List.copyOf(above));
      level = above;
    }
    return new EarningsTree(List.copyOf(leaves), List.copyOf(levels));
  }

  /** The top: what a router commits to. */
  public Node root() {
    return levels.getLast().getFirst();
  }

  /** The leaves, in their order. */
  public List<Leaf> leaves() {
    return leaves;
  }

  /**
   * The way up from an aligned part of 2^height leaves: the neighbours, from below.
   *
   * @param index of its first leaf, a multiple of 2^height
   */
  public List<Node> siblings(int index, int height) {
    if (height < 0 || height >= levels.size()) {
      throw new IllegalArgumentException("no part of this height: " + height);
    }
    if (index < 0 || index % (1 << height) != 0 || index >= levels.getFirst().size()) {
      throw new IllegalArgumentException("no part begins at " + index);
    }
    List<Node> siblings = new ArrayList<>();
    int place = index >>> height;
    for (int level = height; level < levels.size() - 1; level++) {
      siblings.add(levels.get(level).get(place ^ 1));
      place >>>= 1;
    }
    return List.copyOf(siblings);
  }

  /**
   * Whether a leaf stands at this place of the tree with this top.
   *
   * @param siblings from the leaf up
   */
  public static boolean proves(
      int networkId, TonAddress settlement, Leaf leaf, int index, List<Node> siblings, Node root) {
    if (leaf.isEmpty() || siblings.size() > 20 || index < 0 || index >>> siblings.size() != 0) {
      return false;
    }
    Node node = node(networkId, settlement, leaf);
    for (int level = 0; level < siblings.size(); level++) {
      Node sibling = siblings.get(level);
      if (node.sum().nanos() > Long.MAX_VALUE - sibling.sum().nanos()) {
        return false;
      }
      node = (index >>> level & 1) == 0 ? join(node, sibling) : join(sibling, node);
    }
    return node.equals(root);
  }

  private static Node node(int networkId, TonAddress settlement, Leaf leaf) {
    if (leaf.isEmpty()) {
      return EMPTY;
    }
    MessageDigest sha256 = Statement.sha256();
    sha256.update((byte) 0);
    sha256.update(ByteBuffer.allocate(Integer.BYTES).putInt(networkId).array());
    sha256.update(settlement.bytes());
    sha256.update(leaf.payee().hash());
    return new Node(sha256.digest(u64(leaf.earned())), leaf.earned());
  }

  private static Node join(Node left, Node right) {
    MessageDigest sha256 = Statement.sha256();
    sha256.update((byte) 1);
    sha256.update(left.hash);
    sha256.update(u64(left.sum));
    sha256.update(right.hash);
    return new Node(
        sha256.digest(u64(right.sum)),
        new NanoTon(Math.addExact(left.sum.nanos(), right.sum.nanos())));
  }

  private static byte[] u64(NanoTon amount) {
    return ByteBuffer.allocate(Long.BYTES).putLong(amount.nanos()).array();
  }
}
