package org.cocoon.client.attested;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Base64;
import java.util.Optional;
import java.util.UUID;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.contracts.UsedTokens;
import org.junit.jupiter.api.Test;

/** Receipts of the listed key, of another, and of none. */
final class ReceiptPinTest {
  private static final ReceiptKey KEY = ReceiptKey.ofSeed(new byte[32]);
  private static final Receipt RECEIPT =
      Receipt.sign(
          KEY,
          new ReceiptTerms(
              ReceiptTerms.NO_NETWORK,
              null,
              new UUID(1, 2),
              3,
              "m",
              UsedTokens.of(4, 5),
              Price.perMillion(1_000_000),
              1_000,
              new NanoTon(9),
              1_800_000_000_000L));

  private static String base64(byte[] key) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(key);
  }

  @Test
  void acceptsAReceiptOfTheListedKeyAlone() {
    String listed = base64(KEY.publicKey());
    assertEquals(Optional.empty(), ReceiptPin.fault(RECEIPT.toText(), listed));
    assertTrue(
        ReceiptPin.fault(RECEIPT.toText(), base64(new byte[32]))
            .orElseThrow()
            .contains("another key"));
    assertTrue(ReceiptPin.fault("", listed).orElseThrow().contains("no receipt"));
  }

  @Test
  void aChangedBitIsNoticed() {
    byte[] encoded = RECEIPT.encode();
    encoded[encoded.length - 1] ^= 1; // of the signature
    String changed = Receipt.decode(encoded).toText();
    assertTrue(
        ReceiptPin.fault(changed, base64(KEY.publicKey())).orElseThrow().contains("signature"));
  }
}
