package org.cocoon.client.pay;

import java.math.BigDecimal;
import java.util.OptionalLong;
import org.cocoon.client.CocoonException;
import org.cocoon.client.Json;
import org.cocoon.contracts.NanoTon;

/** Amounts as people type them, and as routers say them. */
public final class Amounts {
  private Amounts() {}

  /**
   * An amount in Toncoin, such as {@code 2.5}; more than nothing.
   *
   * @throws IllegalArgumentException a sentence
   */
  public static NanoTon ton(String text) {
    if (!text.matches("[0-9]{1,10}(\\.[0-9]{1,9})?")) {
      throw new IllegalArgumentException(
          "an amount is in Toncoin, with up to nine decimals, like 2.5; not '%s'"
              .formatted(text.length() > 40 ? text.substring(0, 40) + "..." : text));
    }
    BigDecimal nanos = new BigDecimal(text).movePointRight(9);
    try {
      NanoTon amount = new NanoTon(nanos.longValueExact());
      if (amount.nanos() == 0) {
        throw new IllegalArgumentException("an amount is more than nothing");
      }
      return amount;
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("there is not so much Toncoin: " + text, e);
    }
  }

  /** An amount that a router says, as {@code NAME_nanoton} or the like. */
  public static NanoTon of(Json object, String name) {
    OptionalLong nanos = object.at(name).whole();
    if (nanos.isEmpty() || nanos.getAsLong() < 0) {
      throw new CocoonException(
          CocoonException.Kind.NOT_UNDERSTOOD, "the router's '" + name + "' is no amount");
    }
    return new NanoTon(nanos.getAsLong());
  }
}
