package org.cocoon.contracts;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** The grant against a vector made by another implementation of SHA-256 and Ed25519. */
class KeyGrantTest {
  private static final TonAddress CHANNEL = TonAddress.parse("0:" + "11".repeat(32));
  private static final int DEVNET = -31337;
  private static final long EXPIRES = 1_800_000_000L;
  private static final ReceiptKey KEY = ReceiptKey.ofSeed(filled(7));
  private static final String TEXT =
      "Af__hZcAERERERERERERERERERERERERERERERERERERERERERFnBwTJjHPznoc-yGgzV_pe1C23yQHkKH9rHavsty1S"
          + "IgAAAABrSdIAcHsblFSU72RaFIRu66wXrHo3Vxf0J7gjsv6BEbMZMJ6riC3bwn8cx8m2_AwINiZlOF15ZyGY"
          + "HpMm0yhpUnKFBQ";

  private static byte[] filled(int value) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static KeyGrant grant() {
    byte[] keyHash = Statement.sha256().digest(("ck_" + "A".repeat(43)).getBytes(US_ASCII));
    return KeyGrant.sign(KEY, DEVNET, CHANNEL, keyHash, EXPIRES);
  }

  @Test
  void statesWhatTheDocumentedBytesSay() {
    KeyGrant grant = grant();
    assertEquals(
        "a929a843c294ac1de39d60cdd9286b2b8ee143aeeb94a5680c9fa5f9496d87ff",
        HexFormat.of().formatHex(grant.hash()));
    assertEquals(TEXT, grant.toText());
    assertEquals(grant, KeyGrant.parse(TEXT));
    assertTrue(KeyGrant.parse(TEXT).isSignedBy(KEY.publicKey()));
  }

  @Test
  void refusesEveryFlippedBit() {
    byte[] good = Base64.getUrlDecoder().decode(TEXT);
    for (int bit = 0; bit < good.length * Byte.SIZE; bit++) {
      byte[] bad = good.clone();
      bad[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
      boolean accepted;
      try {
        accepted =
            KeyGrant.parse(Base64.getUrlEncoder().withoutPadding().encodeToString(bad))
                .isSignedBy(KEY.publicKey());
      } catch (IllegalArgumentException e) {
        accepted = false;
      }
      assertFalse(accepted, "bit " + bit);
    }
    assertThrows(IllegalArgumentException.class, () -> KeyGrant.parse(TEXT + "="));
    assertThrows(IllegalArgumentException.class, () -> KeyGrant.parse(TEXT.substring(1)));
  }

  @Test
  void holdsForOnePlaceAndTenMinutesAlone() {
    KeyGrant grant = grant();
    assertTrue(grant.isFor(DEVNET, CHANNEL, EXPIRES));
    assertTrue(grant.isFor(DEVNET, CHANNEL, EXPIRES - 600));
    assertFalse(grant.isFor(DEVNET, CHANNEL, EXPIRES + 1), "over");
    assertFalse(grant.isFor(DEVNET, CHANNEL, EXPIRES - 601), "for too long");
    assertFalse(grant.isFor(-239, CHANNEL, EXPIRES));
    assertFalse(grant.isFor(DEVNET, new TonAddress(filled(0x12)), EXPIRES));
    Voucher voucher = Voucher.sign(KEY, DEVNET, CHANNEL, NanoTon.ofTon(1), EXPIRES);
    assertThrows(IllegalArgumentException.class, () -> KeyGrant.parse(voucher.toText()));
  }
}
