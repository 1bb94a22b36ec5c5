package org.cocoon.devnet.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.util.Base64;
import java.util.HexFormat;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.chain.ChainException;
import org.cocoon.devnet.chain.ChainException.Kind;

/**
 * The arguments of a call, each checked when it is asked for.
 *
 * @param json an object; from a query all its values are texts
 */
record Arguments(JsonNode json) {
  private static final int HASH_BYTES = 32;
  private static final int MAX_NUMBER_CHARS = 40;

  boolean has(String name) {
    JsonNode value = json.path(name);
    return !value.isMissingNode() && !value.isNull() && !value.asText("x").isEmpty();
  }

  String text(String name) {
    JsonNode value = json.path(name);
    if (!value.isValueNode() || value.isNull() || value.asText().isEmpty()) {
      throw wrong("'" + name + "' is missing");
    }
    return value.asText();
  }

  Address address(String name) {
    return Address.parse(text(name));
  }

  long number(String name, long least, long most) {
    String text = text(name);
    try {
      long number = Long.parseLong(text);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw wrong("'%s' is a whole number from %d to %d".formatted(name, least, most));
    }
    throw wrong("'%s' is a whole number from %d to %d".formatted(name, least, most));
  }

  long number(String name, long least, long most, long absent) {
    return has(name) ? number(name, least, most) : absent;
  }

  double fraction(String name, double absent) {
    if (!has(name)) {
      return absent;
    }
    JsonNode value = json.path(name);
    if (!value.isNumber()) {
      throw wrong("'" + name + "' is a number from 0 to 1");
    }
    return value.asDouble();
  }

  BigInteger amount(String name) {
    String text = text(name);
    if (text.length() > MAX_NUMBER_CHARS || !text.matches("[0-9]+")) {
      throw wrong("'" + name + "' is a whole number of nanoTON");
    }
    return new BigInteger(text);
  }

  boolean flag(String name) {
    JsonNode value = json.path(name);
    if (!value.isMissingNode() && !value.isBoolean() && !value.isTextual()) {
      throw wrong("'" + name + "' is true or false");
    }
    return value.asBoolean();
  }

  /** A hash in hexadecimal digits or base64, as hexadecimal digits. */
  String hash(String name) {
    String text = text(name);
    try {
      byte[] bytes =
          text.length() == 2 * HASH_BYTES
              ? HexFormat.of().parseHex(text)
              : Base64.getDecoder().decode(text.replace('-', '+').replace('_', '/'));
      if (bytes.length == HASH_BYTES) {
        return HexFormat.of().formatHex(bytes);
      }
    } catch (IllegalArgumentException e) {
      throw wrong("'" + name + "' is a hash: 64 hexadecimal digits, or base64 of 32 bytes");
    }
    throw wrong("'" + name + "' is a hash: 64 hexadecimal digits, or base64 of 32 bytes");
  }

  static ChainException wrong(String message) {
    return new ChainException(Kind.WRONG, message);
  }
}
