package org.cocoon.devnet.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.cocoon.devnet.cell.Boc;
import org.cocoon.devnet.cell.Cell;
import org.cocoon.devnet.chain.ChainException;
import org.cocoon.devnet.chain.ChainException.Kind;
import org.cocoon.devnet.tvm.StackCodec;
import org.cocoon.devnet.tvm.StackValue;

/** Stacks as toncenter has them in JSON. */
final class StackJson {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MAX_NUMBER_CHARS = 80;
  private static final int MAX_SHOWN_CELLS = 256;

  private StackJson() {}

  /** Reads arguments: pairs of a type and a value. */
  static List<StackValue> read(JsonNode stack) {
    if (stack.isMissingNode() || stack.isNull()) {
      return List.of();
    }
    if (!stack.isArray() || stack.size() > StackCodec.MAX_VALUES) {
      throw wrong("stack is a list of at most 255 pairs [type, value]");
    }
    List<StackValue> values = new ArrayList<>();
    for (JsonNode pair : stack) {
      if (!pair.isArray() || pair.size() != 2 || !pair.get(0).isTextual()) {
        throw wrong("each entry of stack is a pair [type, value]");
      }
      values.add(read(pair.get(0).asText(), pair.get(1)));
    }
    return values;
  }

  private static StackValue read(String type, JsonNode value) {
    return switch (type) {
      case "num", "number", "int" -> new StackValue.Int(number(value.asText()));
      case "tvm.Cell", "cell" -> new StackValue.OfCell(cell(value));
      case "tvm.Slice", "slice" -> new StackValue.OfSlice(cell(value));
      case "tvm.Builder", "builder" -> new StackValue.OfBuilder(cell(value));
      case "null" -> new StackValue.Null();
      default -> throw wrong("a stack entry is num, tvm.Cell, tvm.Slice, tvm.Builder or null");
    };
  }

  private static Cell cell(JsonNode value) {
    return Boc.parse(value.isObject() ? value.path("bytes").asText() : value.asText());
  }

  private static BigInteger number(String text) {
    String digits = text.trim().toLowerCase(Locale.ROOT);
    boolean negative = digits.startsWith("-");
    String rest = negative ? digits.substring(1) : digits;
    try {
      if (rest.length() > MAX_NUMBER_CHARS) {
        throw new NumberFormatException("too long");
      }
      BigInteger value =
          rest.startsWith("0x") ? new BigInteger(rest.substring(2), 16) : new BigInteger(rest);
      return negative ? value.negate() : value;
    } catch (NumberFormatException e) {
      throw wrong("a num is a decimal or a 0x-hexadecimal number");
    }
  }

  /** Writes results. */
  static ArrayNode write(List<StackValue> values) {
    ArrayNode array = JSON.createArrayNode();
    for (StackValue value : values) {
      ArrayNode pair = array.addArray();
      switch (value) {
        case StackValue.Null ignored -> pair.add("list").add(elements("tvm.list", List.of()));
        case StackValue.NotANumber ignored -> pair.add("num").add("NaN");
        case StackValue.Int(BigInteger number) -> pair.add("num").add(hex(number));
        case StackValue.OfCell(Cell cell) -> pair.add("cell").add(bytes(cell));
        case StackValue.OfSlice(Cell cell) -> pair.add("cell").add(bytes(cell));
        case StackValue.OfBuilder(Cell cell) -> pair.add("builder").add(bytes(cell));
        case StackValue.Tuple(List<StackValue> items) ->
            pair.add("tuple").add(elements("tvm.tuple", items));
      }
    }
    return array;
  }

  private static String hex(BigInteger number) {
    String digits = number.abs().toString(16);
    return (number.signum() < 0 ? "-0x" : "0x") + digits;
  }

  private static ObjectNode bytes(Cell cell) {
    ObjectNode node = JSON.createObjectNode().put("bytes", Boc.base64(cell));
    int[] left = {MAX_SHOWN_CELLS};
    ObjectNode object = object(cell, left);
    if (left[0] >= 0) {
      node.set("object", object);
    }
    return node;
  }

  private static ObjectNode object(Cell cell, int[] left) {
    ObjectNode node = JSON.createObjectNode();
    ObjectNode data = node.putObject("data");
    data.put("b64", Base64.getEncoder().encodeToString(cell.slice().data()));
    data.put("len", cell.bits());
    ArrayNode refs = node.putArray("refs");
    if (--left[0] >= 0) {
      cell.refs().forEach(ref -> refs.add(object(ref, left)));
    }
    return node.put("special", false);
  }

  private static ObjectNode elements(String type, List<StackValue> items) {
    ObjectNode node = JSON.createObjectNode().put("@type", type);
    ArrayNode array = node.putArray("elements");
    items.forEach(item -> array.add(entry(item)));
    return node;
  }

  private static ObjectNode entry(StackValue value) {
    ObjectNode node = JSON.createObjectNode();
    switch (value) {
      case StackValue.Null ignored ->
          node.put("@type", "tvm.stackEntryList").set("list", elements("tvm.list", List.of()));
      case StackValue.NotANumber ignored -> number(node, "NaN");
      case StackValue.Int(BigInteger number) -> number(node, number.toString());
      case StackValue.OfCell(Cell cell) -> nested(node, "Cell", "cell", cell);
      case StackValue.OfSlice(Cell cell) -> nested(node, "Slice", "slice", cell);
      case StackValue.OfBuilder(Cell cell) -> nested(node, "Cell", "cell", cell);
      case StackValue.Tuple(List<StackValue> items) ->
          node.put("@type", "tvm.stackEntryTuple").set("tuple", elements("tvm.tuple", items));
    }
    return node;
  }

  private static void number(ObjectNode node, String number) {
    node.put("@type", "tvm.stackEntryNumber")
        .putObject("number")
        .put("@type", "tvm.numberDecimal")
        .put("number", number);
  }

  private static void nested(ObjectNode node, String kind, String field, Cell cell) {
    node.put("@type", "tvm.stackEntry" + kind)
        .putObject(field)
        .put("@type", "tvm." + field)
        .put("bytes", Boc.base64(cell));
  }

  private static ChainException wrong(String message) {
    return new ChainException(Kind.WRONG, message);
  }
}
