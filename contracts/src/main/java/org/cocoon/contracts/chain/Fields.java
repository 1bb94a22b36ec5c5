package org.cocoon.contracts.chain;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;

/**
 * Reads toncenter's answers. Every method throws {@link IllegalArgumentException} that names the
 * field if it is missing or anything else than it should be.
 */
final class Fields {
  private static final Pattern DIGITS = Pattern.compile("[0-9]{1,19}");
  private static final Pattern NUMBER = Pattern.compile("-?(0x[0-9a-fA-F]{1,64}|[0-9]{1,78})");
  private static final int HASH_BYTES = 32;
  private static final int MAX_STACK = 256;
  private static final int MAX_TUPLE_DEPTH = 16;

  private Fields() {}

  static JsonNode object(JsonNode parent, String name) {
    JsonNode node = parent.path(name);
    if (!node.isObject()) {
      throw wrong(name, "an object");
    }
    return node;
  }

  static String text(JsonNode parent, String name) {
    JsonNode node = parent.path(name);
    if (!node.isTextual()) {
      throw wrong(name, "a string");
    }
    return node.textValue();
  }

  /** 0 to 2^63 - 1, as a number or as a string of digits. */
  static long number(JsonNode parent, String name) {
    JsonNode node = parent.path(name);
    if (node.isIntegralNumber() && node.canConvertToLong() && node.longValue() >= 0) {
      return node.longValue();
    }
    if (node.isTextual() && DIGITS.matcher(node.textValue()).matches()) {
      try {
        return Long.parseLong(node.textValue());
      } catch (NumberFormatException e) {
        throw wrong(name, "a number below 2^63");
      }
    }
    throw wrong(name, "a number that is not negative");
  }

  /** 32 bytes, in base64 or in hexadecimal digits. */
  static byte[] hash(JsonNode parent, String name) {
    String text = text(parent, name);
    byte[] bytes = text.length() == 2 * HASH_BYTES ? hex(name, text) : base64(name, text);
    if (bytes.length != HASH_BYTES) {
      throw wrong(name, "32 bytes");
    }
    return bytes;
  }

  /** A bag of cells in base64, or none for an empty string. */
  static Optional<Cell> maybeCell(JsonNode parent, String name) {
    JsonNode node = parent.path(name);
    if (node.isMissingNode() || node.isNull() || (node.isTextual() && node.textValue().isEmpty())) {
      return Optional.empty();
    }
    return Optional.of(cell(parent, name));
  }

  /** A bag of cells in base64. */
  static Cell cell(JsonNode parent, String name) {
    return Cell.fromBoc(base64(name, text(parent, name)));
  }

  /** The answer to getAddressInformation. */
  static AccountState account(TonAddress address, JsonNode result) {
    AccountState.Status status =
        switch (text(result, "state")) {
          case "active" -> AccountState.Status.ACTIVE;
          case "frozen" -> AccountState.Status.FROZEN;
          case "uninitialized", "uninit", "nonexist" -> AccountState.Status.UNINITIALIZED;
          default -> throw wrong("state", "active, frozen or uninitialized");
        };
    JsonNode last = object(result, "last_transaction_id");
    long lt = number(last, "lt");
    boolean unknown = result.path("balance").asText().equals("-1");
    return new AccountState(
        address,
        status,
        unknown ? NanoTon.ZERO : new NanoTon(number(result, "balance")),
        maybeCell(result, "code"),
        maybeCell(result, "data"),
        lt,
        lt == 0 ? new byte[HASH_BYTES] : hash(last, "hash"),
        number(result, "sync_utime"));
  }

  /** The answer to getMasterchainInfo. */
  static Head head(JsonNode result) {
    JsonNode last = object(result, "last");
    return new Head(number(last, "seqno"), hash(last, "root_hash"));
  }

  /** The answer to getTransactions, newest first, each checked against its own hash. */
  static List<ChainTransaction> transactions(TonAddress address, JsonNode result, int most) {
    if (!result.isArray() || result.size() > most) {
      throw new IllegalArgumentException("not up to " + most + " transactions");
    }
    List<ChainTransaction> transactions = new ArrayList<>(result.size());
    for (JsonNode each : result) {
      Cell cell = cell(each, "data");
      JsonNode id = object(each, "transaction_id");
      if (!java.util.Arrays.equals(hash(id, "hash"), cell.hash())) {
        throw new IllegalArgumentException("a transaction's data has not its hash");
      }
      ChainTransaction transaction = Transactions.parse(cell);
      if (transaction.lt() != number(id, "lt") || !transaction.account().equals(address)) {
        throw new IllegalArgumentException("a transaction's data is that of another one");
      }
      transactions.add(transaction);
    }
    return transactions;
  }

  /** The answer to runGetMethod. */
  static StackResult stack(JsonNode result) {
    JsonNode exitCode = result.path("exit_code");
    if (!exitCode.isInt()) {
      throw wrong("exit_code", "a number of 32 bits");
    }
    JsonNode stack = result.path("stack");
    if (!stack.isArray() || stack.size() > MAX_STACK) {
      throw wrong("stack", "an array of up to " + MAX_STACK);
    }
    List<StackValue> values = new ArrayList<>(stack.size());
    for (JsonNode entry : stack) {
      values.add(entry(entry, MAX_TUPLE_DEPTH));
    }
    return new StackResult(exitCode.intValue(), number(result, "gas_used"), values);
  }

  /** Pairs of a type and a value. */
  private static StackValue entry(JsonNode entry, int depth) {
    if (!entry.isArray() || entry.size() != 2 || !entry.get(0).isTextual()) {
      throw wrong("stack", "pairs of a type and a value");
    }
    JsonNode value = entry.get(1);
    return switch (entry.get(0).textValue()) {
      case "num" -> integer(value);
      case "null" -> StackValue.NULL;
      case "cell", "tvm.Cell" -> new StackValue.OfCell(bytes(value));
      case "slice", "tvm.Slice", "builder" -> new StackValue.Slice(bytes(value));
      case "tuple", "list" -> tuple(value, depth);
      default -> throw wrong("stack", "of known types");
    };
  }

  /** What toncenter makes of tuples and lists: objects of tonlib's types. */
  private static StackValue nested(JsonNode value, int depth) {
    return switch (value.path("@type").asText()) {
      case "tvm.stackEntryNumber" -> integer(object(value, "number").path("number"));
      case "tvm.stackEntryCell" -> new StackValue.OfCell(cell(object(value, "cell"), "bytes"));
      case "tvm.stackEntrySlice" -> new StackValue.Slice(cell(object(value, "slice"), "bytes"));
      case "tvm.stackEntryNull" -> StackValue.NULL;
      case "tvm.stackEntryTuple" -> tuple(object(value, "tuple"), depth);
      case "tvm.stackEntryList" -> tuple(object(value, "list"), depth);
      default -> throw wrong("stack", "of known types");
    };
  }

  /** An empty list is how null is written. */
  private static StackValue tuple(JsonNode value, int depth) {
    JsonNode elements = value.path("elements");
    if (!elements.isArray() || elements.size() > MAX_STACK || depth == 0) {
      throw wrong("elements", "an array of up to " + MAX_STACK);
    }
    List<StackValue> values = new ArrayList<>(elements.size());
    for (JsonNode element : elements) {
      values.add(element.isArray() ? entry(element, depth - 1) : nested(element, depth - 1));
    }
    return values.isEmpty() ? StackValue.NULL : new StackValue.Tuple(values);
  }

  private static StackValue integer(JsonNode value) {
    String text = value.isIntegralNumber() ? value.asText() : value.textValue();
    if (text == null || !NUMBER.matcher(text).matches()) {
      throw wrong("num", "a number of 257 bits");
    }
    boolean negative = text.startsWith("-");
    String digits = negative ? text.substring(1) : text;
    BigInteger magnitude =
        digits.startsWith("0x") ? new BigInteger(digits.substring(2), 16) : new BigInteger(digits);
    return new StackValue.Int(negative ? magnitude.negate() : magnitude);
  }

  private static Cell bytes(JsonNode value) {
    return value.isTextual()
        ? Cell.fromBoc(base64("cell", value.textValue()))
        : cell(value, "bytes");
  }

  private static byte[] base64(String name, String text) {
    try {
      return Base64.getDecoder().decode(text.replace('-', '+').replace('_', '/'));
    } catch (IllegalArgumentException e) {
      throw wrong(name, "base64");
    }
  }

  private static byte[] hex(String name, String text) {
    try {
      return HexFormat.of().parseHex(text);
    } catch (IllegalArgumentException e) {
      throw wrong(name, "hexadecimal digits");
    }
  }

  private static IllegalArgumentException wrong(String name, String expected) {
    return new IllegalArgumentException("its answer's '%s' is not %s".formatted(name, expected));
  }
}
