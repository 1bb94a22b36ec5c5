package org.cocoon.worker.earnings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Optional;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.cocoon.link.wire.CommittedEarnings;
import org.cocoon.link.wire.Earnings;
import org.cocoon.worker.earnings.EarningsBook.Owed;
import org.cocoon.worker.earnings.EarningsBook.Payer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EarningsBookTest {
  private static final int NETWORK = -31337;
  private static final byte[] SEED = filled(7);
  private static final PayoutAddress SETTLEMENT = new PayoutAddress(filled(1));
  private static final PayoutAddress PAYEE = new PayoutAddress(filled(2));
  private static final PayoutAddress OTHER = new PayoutAddress(filled(3));
  private static final Payer PAYER =
      new Payer(ByteString.copyFrom(publicKey()), NETWORK, SETTLEMENT);

  @TempDir Path dir = Path.of("");

  @Test
  void keepsWhatHoldsForAClaimWithoutTheRouter() throws IOException {
    EarningsBook book = new EarningsBook(PAYEE, dir);
    assertEquals(Optional.empty(), book.heard(PAYER, said(committed(1, 500, 700))));
    assertEquals(new Owed(900, 500, 0, 1), book.owed().get(SETTLEMENT.toString()));
    String file =
        Files.readString(dir.resolve("settlement-" + SETTLEMENT.toString().substring(2) + ".json"));
    assertTrue(file.contains("\"earned\": 500,"), file);
    assertEquals(Optional.empty(), book.heard(PAYER, said(committed(2, 600, 700))));
    assertEquals(new Owed(900, 600, 0, 2), book.owed().get(SETTLEMENT.toString()));
  }

  @Test
  void refusesLessThanBefore() throws IOException {
    EarningsBook book = new EarningsBook(PAYEE, dir);
    book.heard(PAYER, said(committed(2, 500, 700)));
    assertNotEquals(Optional.empty(), book.heard(PAYER, said(committed(3, 499, 700))));
    assertNotEquals(Optional.empty(), book.heard(PAYER, said(committed(1, 500, 700))));
    assertNotEquals(
        Optional.empty(), book.heard(PAYER, Earnings.newBuilder().setEarned(899).build()));
    assertEquals(new Owed(900, 500, 0, 2), book.owed().get(SETTLEMENT.toString()));
  }

  /** Every bit of the proof counts, and so do network, contract and payee. */
  @Test
  void refusesEveryFlippedBitAndEveryForeignStatement() throws Exception {
    CommittedEarnings good = committed(1, 500, 700);
    byte[] bytes = good.toByteArray();
    int refused = 0;
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      byte[] flipped = bytes.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      CommittedEarnings other;
      try {
        other = CommittedEarnings.parseFrom(flipped);
      } catch (com.google.protobuf.InvalidProtocolBufferException e) {
        refused++;
        continue;
      }
      if (EarningsProof.wrong(other, publicKey(), NETWORK, SETTLEMENT, PAYEE).isPresent()) {
        refused++;
      }
    }
    assertEquals(bytes.length * 8, refused);
    assertNotEquals(
        Optional.empty(), EarningsProof.wrong(good, publicKey(), -239, SETTLEMENT, PAYEE));
    assertNotEquals(
        Optional.empty(), EarningsProof.wrong(good, publicKey(), NETWORK, OTHER, PAYEE));
    assertNotEquals(
        Optional.empty(), EarningsProof.wrong(good, publicKey(), NETWORK, SETTLEMENT, OTHER));
    assertEquals(
        Optional.empty(), EarningsProof.wrong(good, publicKey(), NETWORK, SETTLEMENT, PAYEE));
  }

  @Test
  void readsAddressesAsWalletsShowThem() {
    // TEP-2's own example, but in the basechain.
    byte[] friendly = new byte[36];
    friendly[0] = 0x51;
    System.arraycopy(PAYEE.hash(), 0, friendly, 2, 32);
    int crc = 0;
    for (int i = 0; i < 34; i++) {
      crc ^= (friendly[i] & 0xff) << 8;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 0x8000) != 0 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1 & 0xffff;
      }
    }
    friendly[34] = (byte) (crc >> 8);
    friendly[35] = (byte) crc;
    String text = java.util.Base64.getUrlEncoder().encodeToString(friendly);
    assertEquals(PAYEE, PayoutAddress.parse(text));
    assertEquals(PAYEE, PayoutAddress.parse(PAYEE.toString()));
    for (String bad :
        new String[] {
          text.substring(1), text.replace(text.charAt(9), 'x'), "", "0:12", "-1:" + "00".repeat(32)
        }) {
      assertThrows(IllegalArgumentException.class, () -> PayoutAddress.parse(bad), bad);
    }
  }

  private static Earnings said(CommittedEarnings committed) {
    return Earnings.newBuilder().setEarned(900).setCommitted(committed).build();
  }

  /** The payee's leaf is the first of two. */
  private static CommittedEarnings committed(long epoch, long earned, long total) {
    byte[] mine = leaf(PAYEE, earned);
    byte[] sibling =
        ByteBuffer.allocate(40).put(leaf(OTHER, total - earned)).putLong(total - earned).array();
    byte[] root =
        sha256(
            ByteBuffer.allocate(81).put((byte) 1).put(mine).putLong(earned).put(sibling).array());
    CommittedEarnings unsigned =
        CommittedEarnings.newBuilder()
            .setEpoch(epoch)
            .setRoot(ByteString.copyFrom(root))
            .setTotal(total)
            .setDigest(ByteString.copyFrom(filled(9)))
            .setExpires(2_000_000_000L)
            .setEarned(earned)
            .setIndex(0)
            .addSiblings(ByteString.copyFrom(sibling))
            .build();
    byte[] statement = EarningsProof.statement(unsigned, NETWORK, SETTLEMENT);
    byte[] signature = new byte[64];
    Ed25519.sign(SEED, 0, statement, 0, statement.length, signature, 0);
    return unsigned.toBuilder().setSignature(ByteString.copyFrom(signature)).build();
  }

  private static byte[] leaf(PayoutAddress payee, long earned) {
    return sha256(
        ByteBuffer.allocate(78)
            .put(6, SETTLEMENT.hash())
            .putInt(1, NETWORK)
            .position(38)
            .put(payee.hash())
            .putLong(earned)
            .array());
  }

  private static byte[] sha256(byte[] bytes) {
    MessageDigest sha256 = EarningsProof.sha256();
    return sha256.digest(bytes);
  }

  private static byte[] publicKey() {
    byte[] key = new byte[32];
    Ed25519.generatePublicKey(SEED, 0, key, 0);
    return key;
  }

  private static byte[] filled(int value) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }
}
