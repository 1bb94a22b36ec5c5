package org.cocoon.contracts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Statements and trees against vectors that the TypeScript wrappers made. */
final class StatementTest {
  private static final JsonNode VECTORS = read();
  private static final ReceiptKey KEY =
      ReceiptKey.ofSeed(HexFormat.of().parseHex(VECTORS.get("seed").asText()));
  private static final TonAddress CONTRACT = TonAddress.parse("0:" + "11".repeat(32));
  private static final int DEVNET = -31337;

  @Test
  void statesWhatTheOtherLanguageStates() {
    int checked = 0;
    for (JsonNode vector : VECTORS.get("statements")) {
      int network = vector.get("network").asInt();
      NanoTon amount = new NanoTon(Long.parseLong(vector.get("amount").asText()));
      NanoTon half = new NanoTon(Long.parseLong(vector.get("half").asText()));
      long expires = vector.get("expires").asLong();
      record Made(byte[] hash, byte[] signature, boolean verified) {}
      Made made =
          switch (vector.get("kind").asText()) {
            case "voucher" -> {
              Voucher v = Voucher.sign(KEY, network, CONTRACT, amount, expires);
              assertEquals(v, Voucher.parse(v.toText()));
              yield new Made(v.hash(), v.signature(), v.isSignedBy(KEY.publicKey()));
            }
            case "charge" -> {
              Charge c = Charge.sign(KEY, network, CONTRACT, amount, expires);
              assertEquals(c, Charge.parse(c.toText()));
              yield new Made(c.hash(), c.signature(), c.isSignedBy(KEY.publicKey()));
            }
            case "release" -> {
              Release r = Release.sign(KEY, network, CONTRACT, amount, half, true, expires);
              assertEquals(r, Release.parse(r.toText()));
              yield new Made(r.hash(), r.signature(), r.isSignedBy(KEY.publicKey()));
            }
            case "commitment" -> {
              Commitment c =
                  Commitment.sign(
                      KEY, network, CONTRACT, 3, filled(0x22), amount, filled(0x33), expires);
              assertEquals(c, Commitment.parse(c.toText()));
              yield new Made(c.hash(), c.signature(), c.isSignedBy(KEY.publicKey()));
            }
            default -> throw new AssertionError("unknown kind " + vector);
          };
      assertEquals(vector.get("hash").asText(), HexFormat.of().formatHex(made.hash()));
      assertEquals(vector.get("signature").asText(), HexFormat.of().formatHex(made.signature()));
      assertTrue(made.verified());
      checked++;
    }
    assertEquals(48, checked);
  }

  @Test
  void buildsTheTreesThatTheOtherLanguageBuilds() {
    for (JsonNode vector : VECTORS.get("trees")) {
      int size = vector.get("size").asInt();
      EarningsTree tree = tree(size);
      assertEquals(vector.get("root").asText(), HexFormat.of().formatHex(tree.root().hash()));
      assertEquals(vector.get("total").asText(), Long.toString(tree.root().sum().nanos()));
      List<String> way = new ArrayList<>();
      if (size > 0) {
        for (EarningsTree.Node node : tree.siblings(size - 1, 0)) {
          way.add(HexFormat.of().formatHex(node.hash()) + " " + node.sum().nanos());
        }
      }
      List<String> expected = new ArrayList<>();
      vector.get("lastWay").forEach(each -> expected.add(each.asText()));
      assertEquals(expected, way);
    }
  }

  @Test
  void provesEveryLeafAndNothingElse() {
    EarningsTree tree = tree(13);
    for (int i = 0; i < 13; i++) {
      EarningsTree.Leaf leaf = tree.leaves().get(i);
      List<EarningsTree.Node> way = tree.siblings(i, 0);
      assertTrue(EarningsTree.proves(DEVNET, CONTRACT, leaf, i, way, tree.root()));
      assertFalse(EarningsTree.proves(-239, CONTRACT, leaf, i, way, tree.root()));
      assertFalse(EarningsTree.proves(DEVNET, leaf.payee(), leaf, i, way, tree.root()));
      assertFalse(EarningsTree.proves(DEVNET, CONTRACT, leaf, i ^ 1, way, tree.root()));
      assertFalse(EarningsTree.proves(DEVNET, CONTRACT, leaf, i + 16, way, tree.root()));
      EarningsTree.Leaf more =
          new EarningsTree.Leaf(leaf.payee(), leaf.earned().plus(new NanoTon(1)));
      assertFalse(EarningsTree.proves(DEVNET, CONTRACT, more, i, way, tree.root()));
      for (int level = 0; level < way.size(); level++) {
        for (long wrong : new long[] {0, 1, Long.MAX_VALUE}) {
          List<EarningsTree.Node> forged = new ArrayList<>(way);
          EarningsTree.Node node = way.get(level);
          if (node.sum().nanos() != wrong) {
            forged.set(level, new EarningsTree.Node(node.hash(), new NanoTon(wrong)));
            assertFalse(EarningsTree.proves(DEVNET, CONTRACT, leaf, i, forged, tree.root()));
          }
        }
      }
    }
    EarningsTree.Leaf huge = new EarningsTree.Leaf(CONTRACT, new NanoTon(Long.MAX_VALUE));
    assertThrows(
        ArithmeticException.class, () -> EarningsTree.of(DEVNET, CONTRACT, List.of(huge, huge)));
  }

  /** Every bit of a statement's text counts. */
  @Test
  void refusesEveryFlippedBit() {
    Voucher voucher = Voucher.sign(KEY, DEVNET, CONTRACT, NanoTon.ofTon(5), 1_800_000_000L);
    flip(voucher.toText(), text -> Voucher.parse(text).isSignedBy(KEY.publicKey()));
    Commitment commitment =
        Commitment.sign(
            KEY, DEVNET, CONTRACT, 1, filled(1), NanoTon.ofTon(5), filled(2), 1_800_000_000L);
    flip(commitment.toText(), text -> Commitment.parse(text).isSignedBy(KEY.publicKey()));
    Release release =
        Release.sign(
            KEY, DEVNET, CONTRACT, NanoTon.ofTon(5), NanoTon.ofTon(1), false, 1_800_000_000L);
    flip(release.toText(), text -> Release.parse(text).isSignedBy(KEY.publicKey()));
    assertFalse(voucher.isFor(-239, CONTRACT, 0));
    assertFalse(voucher.isFor(DEVNET, TonAddress.parse("0:" + "12".repeat(32)), 0));
    assertFalse(voucher.isFor(DEVNET, CONTRACT, 1_800_000_001L));
    assertTrue(voucher.isFor(DEVNET, CONTRACT, 1_800_000_000L));
    // One kind is worthless for another, even with the same body.
    assertFalse(Charge.parse(voucher.toText()).isSignedBy(KEY.publicKey()));
  }

  private static void flip(String text, Function<String, Boolean> accepts) {
    assertTrue(accepts.apply(text));
    byte[] bytes = Base64.getUrlDecoder().decode(text);
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      byte[] flipped = bytes.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      boolean accepted;
      try {
        accepted = accepts.apply(Base64.getUrlEncoder().withoutPadding().encodeToString(flipped));
      } catch (IllegalArgumentException e) {
        accepted = false;
      }
      assertFalse(accepted, "bit " + bit);
    }
    for (String other : new String[] {text + "A", text.substring(1), text + "=", "", " " + text}) {
      assertThrows(IllegalArgumentException.class, () -> accepts.apply(other));
    }
  }

  @Test
  void readsAndWritesAddressesAsWalletsDo() {
    assertEquals(VECTORS.get("friendly").get(0).asText(), CONTRACT.toFriendly(true, false));
    assertEquals(VECTORS.get("friendly").get(1).asText(), CONTRACT.toFriendly(false, false));
    Random random = new Random(20261123);
    for (int i = 0; i < 100; i++) {
      byte[] hash = new byte[32];
      random.nextBytes(hash);
      TonAddress address = new TonAddress(hash);
      String friendly = address.toFriendly(i % 2 == 0, i % 3 == 0);
      assertEquals(address, TonAddress.parse(friendly));
      assertEquals(address, TonAddress.parse(address.toString()));
      assertArrayEquals(hash, address.hash());
      char[] mistyped = friendly.toCharArray();
      int at = random.nextInt(48);
      mistyped[at] = mistyped[at] == 'A' ? 'B' : 'A';
      assertThrows(
          IllegalArgumentException.class, () -> TonAddress.parse(String.valueOf(mistyped)));
    }
  }

  private static EarningsTree tree(int size) {
    List<EarningsTree.Leaf> leaves = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      leaves.add(
          new EarningsTree.Leaf(
              new TonAddress(filled(i + 1)), new NanoTon((i + 1) * 1_000_000_007L)));
    }
    return EarningsTree.of(DEVNET, CONTRACT, leaves);
  }

  private static byte[] filled(int value) {
    byte[] bytes = new byte[32];
    java.util.Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static JsonNode read() {
    try {
      return new ObjectMapper().readTree(Path.of("vectors/statements.json").toFile());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
