package org.cocoon.contracts.model;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.model.Body.Node;

/** The tree of earnings once more, from docs/SETTLEMENT.md, for leaves that may be anything. */
final class SumTree {
  private static final HexFormat HEX = HexFormat.of();

  private SumTree() {}

  /** A leaf; of nothing earned it is empty. */
  static Node leaf(TonAddress settlement, Body.Leaf leaf) {
    if (leaf.earned().signum() == 0) {
      return new Node("00".repeat(32), BigInteger.ZERO);
    }
    byte[] bytes =
        ByteBuffer.allocate(1 + 4 + 33 + 32 + 8)
            .put((byte) 0)
            .putInt(Tvm.NETWORK)
            .put(settlement.bytes())
            .put(HEX.parseHex(leaf.payee()))
            .putLong(leaf.earned().longValue())
            .array();
    return new Node(sha256(bytes), leaf.earned());
  }

  static Node join(Node left, Node right) {
    byte[] bytes =
        ByteBuffer.allocate(1 + 2 * (32 + 8))
            .put((byte) 1)
            .put(HEX.parseHex(left.hash()))
            .putLong(left.sum().longValue())
            .put(HEX.parseHex(right.hash()))
            .putLong(right.sum().longValue())
            .array();
    return new Node(sha256(bytes), left.sum().add(right.sum()));
  }

  /** All levels, leaves first, of a power of two of leaves. */
  static List<List<Node>> levels(List<Node> leaves) {
    List<List<Node>> levels = new ArrayList<>();
    levels.add(leaves);
    while (levels.getLast().size() > 1) {
      List<Node> below = levels.getLast();
      List<Node> level = new ArrayList<>();
      for (int i = 0; i < below.size(); i += 2) {
        level.add(join(below.get(i), below.get(i + 1)));
      }
      levels.add(level);
    }
    return levels;
  }

  private static String sha256(byte[] bytes) {
    try {
      return HEX.formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
