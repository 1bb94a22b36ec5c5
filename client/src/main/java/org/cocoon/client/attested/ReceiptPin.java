package org.cocoon.client.attested;

import java.util.Base64;
import java.util.Optional;
import org.cocoon.contracts.Receipt;

/** Holds a router's receipts to the key that the registry lists for it. */
final class ReceiptPin {
  private ReceiptPin() {}

  /**
   * What is wrong with a receipt, in a sentence for people; empty if nothing is.
   *
   * @param text of the receipt, as the router's usage object has it
   * @param key base64url of the listed key, without padding
   */
  static Optional<String> fault(String text, String key) {
    Receipt receipt;
    try {
      receipt = Receipt.parse(text);
    } catch (IllegalArgumentException e) {
      return Optional.of("The router gave no receipt that can be read.");
    }
    String signer = Base64.getUrlEncoder().withoutPadding().encodeToString(receipt.routerKey());
    if (!signer.equals(key)) {
      return Optional.of("The receipt is signed by another key than the registry lists.");
    }
    return receipt.verify()
        ? Optional.empty()
        : Optional.of("The signature of the receipt does not fit.");
  }
}
