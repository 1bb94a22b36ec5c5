package org.cocoon.client.pay;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import org.cocoon.client.pay.ReceiptVerdict.Holds;
import org.cocoon.client.pay.ReceiptVerdict.Reason;
import org.cocoon.client.pay.ReceiptVerdict.Refused;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.contracts.TonAddress;

/**
 * What a receipt must say to be believed, beyond being signed and adding up. Checking asks nobody:
 * SHA-256, one Ed25519 signature (about 100 us) and integer arithmetic. Any thread.
 *
 * @param routerKey whose signature it must be, 64 hexadecimal digits
 * @param requestId of which request it must be
 * @param settlement where it must be settled
 * @param maxCoefficient the dearest worker that was accepted, 1000 = 1.0
 * @param price that was agreed: no kind of token may cost more
 * @param completionTokens that were delivered: no more may be charged
 */
public record ReceiptRules(
    Optional<String> routerKey,
    Optional<UUID> requestId,
    Optional<Settled> settlement,
    OptionalInt maxCoefficient,
    Optional<Price> price,
    OptionalLong completionTokens) {

  /** Only what every receipt must fulfil. */
  public static final ReceiptRules NONE =
      new ReceiptRules(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          OptionalInt.empty(),
          Optional.empty(),
          OptionalLong.empty());

  /**
   * Where a charge is settled.
   *
   * @param networkId TON's global id
   * @param contract the router's
   */
  public record Settled(int networkId, TonAddress contract) {}

  /** The same, for one router. */
  public ReceiptRules withRouterKey(String hex) {
    return new ReceiptRules(
        Optional.of(hex), requestId, settlement, maxCoefficient, price, completionTokens);
  }

  /** The same, for one request and what came of it. */
  public ReceiptRules withRequest(UUID id, long tokens) {
    return new ReceiptRules(
        routerKey, Optional.of(id), settlement, maxCoefficient, price, OptionalLong.of(tokens));
  }

  /** The same, for what was agreed before the request. */
  public ReceiptRules withPrice(Price agreed, int coefficient) {
    return new ReceiptRules(
        routerKey,
        requestId,
        settlement,
        OptionalInt.of(coefficient),
        Optional.of(agreed),
        completionTokens);
  }

  /** The same, for one settlement contract. */
  public ReceiptRules withSettlement(Settled place) {
    return new ReceiptRules(
        routerKey, requestId, Optional.of(place), maxCoefficient, price, completionTokens);
  }

  /** Judges a receipt in the form that routers send. */
  public ReceiptVerdict judge(String text) {
    Receipt receipt;
    try {
      receipt = Receipt.parse(text);
    } catch (IllegalArgumentException e) {
      return new Refused(Reason.MALFORMED, "This is no receipt: " + e.getMessage() + ".");
    }
    return judge(receipt);
  }

  /** The model that a receipt names, unchecked; empty if it is no receipt. */
  public static Optional<String> model(String text) {
    try {
      return Optional.of(Receipt.parse(text).terms().model());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private ReceiptVerdict judge(Receipt receipt) {
    ReceiptTerms terms = receipt.terms();
    String key = HexFormat.of().formatHex(receipt.routerKey());
    if (!receipt.verify()) {
      return new Refused(
          Reason.SIGNATURE,
          "The router key %s did not sign this: something in it was changed.".formatted(key));
    }
    if (!terms.costHolds()) {
      return new Refused(
          Reason.OVERCHARGED,
          "It charges %s, and its own tokens, prices and coefficient make %s."
              .formatted(terms.cost(), terms.price().cost(terms.tokens(), terms.coefficient())));
    }
    return strangerOrOtherPlace(receipt, key).orElseGet(() -> againstWhatWasAgreed(receipt));
  }

  private Optional<ReceiptVerdict> strangerOrOtherPlace(Receipt receipt, String key) {
    ReceiptTerms terms = receipt.terms();
    if (routerKey.isPresent() && !routerKey.get().equals(key)) {
      return refused(
          Reason.OTHER_ROUTER,
          "It is signed by the key %s, and the router's is %s.".formatted(key, routerKey.get()));
    }
    if (settlement.isPresent()
        && (terms.networkId() != settlement.get().networkId()
            || !settlement.get().contract().equals(terms.settlement()))) {
      return refused(
          Reason.OTHER_SETTLEMENT,
          "It is for network %d and settlement %s, and agreed were %d and %s."
              .formatted(
                  terms.networkId(),
                  terms.settlement() == null ? "none" : terms.settlement(),
                  settlement.get().networkId(),
                  settlement.get().contract()));
    }
    if (requestId.isPresent() && !requestId.get().equals(terms.requestId())) {
      return refused(
          Reason.OTHER_REQUEST,
          "It is of the request %s, not of %s.".formatted(terms.requestId(), requestId.get()));
    }
    return Optional.empty();
  }

  private ReceiptVerdict againstWhatWasAgreed(Receipt receipt) {
    ReceiptTerms terms = receipt.terms();
    if (maxCoefficient.isPresent() && terms.coefficient() > maxCoefficient.getAsInt()) {
      return new Refused(
          Reason.OTHER_PRICE,
          "It charges a coefficient of %d, and at most %d was accepted."
              .formatted(terms.coefficient(), maxCoefficient.getAsInt()));
    }
    if (price.isPresent() && dearer(terms.price(), price.get())) {
      return new Refused(
          Reason.OTHER_PRICE,
          "It charges %s, and the price list said %s.".formatted(terms.price(), price.get()));
    }
    if (completionTokens.isPresent()
        && terms.tokens().completion() > completionTokens.getAsLong()) {
      return new Refused(
          Reason.OTHER_TOKENS,
          "It charges %d completion tokens, and %d came."
              .formatted(terms.tokens().completion(), completionTokens.getAsLong()));
    }
    return new Holds(receipt);
  }

  private static Optional<ReceiptVerdict> refused(Reason reason, String sentence) {
    return Optional.of(new Refused(reason, sentence));
  }

  private static boolean dearer(Price charged, Price agreed) {
    return charged.prompt() > agreed.prompt()
        || charged.cachedPrompt() > agreed.cachedPrompt()
        || charged.completion() > agreed.completion()
        || charged.reasoning() > agreed.reasoning();
  }

  /** Reads a router's key: 64 hexadecimal digits, or 43 characters of base64url. */
  public static String key(String text) {
    String word = text.strip();
    byte[] bytes;
    try {
      bytes =
          word.length() == 64 ? HexFormat.of().parseHex(word) : Base64.getUrlDecoder().decode(word);
    } catch (IllegalArgumentException e) {
      bytes = new byte[0];
    }
    if (bytes.length != 32 || Arrays.equals(bytes, new byte[32])) {
      throw new IllegalArgumentException(
          "a router's key has 64 hexadecimal digits, not '%s'"
              .formatted(word.length() > 80 ? word.substring(0, 80) + "..." : word));
    }
    return HexFormat.of().formatHex(bytes);
  }
}
