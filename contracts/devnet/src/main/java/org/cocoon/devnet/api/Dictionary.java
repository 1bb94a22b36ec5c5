package org.cocoon.devnet.api;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.cocoon.devnet.cell.Boc;
import org.cocoon.devnet.cell.Cell;
import org.jspecify.annotations.Nullable;

/**
 * What numbers of our contracts mean: operations, exit codes, fields of get-methods, hashes of
 * code. It reads the contracts' own sources, which the build puts beside it, so it cannot disagree.
 */
final class Dictionary {
  private static final Pattern STRUCT = Pattern.compile("struct \\((0x[0-9a-f]{8})\\) (\\w+)");
  private static final Pattern ERROR =
      Pattern.compile("const ERROR_\\w+ = (0x[0-9a-f]+|\\d+) *// (.+)");
  private static final Pattern VIEW = Pattern.compile("struct (\\w+)View \\{\\n([^}]*)\\}");
  private static final Pattern FIELD = Pattern.compile("(?m)^ {4}(\\w+): (\\S+)");
  private static final Pattern STATUS = Pattern.compile("const STATUS_(\\w+) = (\\d+)");
  private static final long COMMENT = 0;
  private static final long BOUNCED = 0xffff_ffffL;

  /** Exit codes of the TVM itself, and of its action phase. */
  private static final Map<Integer, String> TVM =
      Map.ofEntries(
          Map.entry(0, "success"),
          Map.entry(1, "success"),
          Map.entry(2, "the stack has too few values"),
          Map.entry(3, "the stack has too many values"),
          Map.entry(4, "a number overflows"),
          Map.entry(5, "a number is out of its range"),
          Map.entry(6, "an unknown instruction"),
          Map.entry(7, "a value of a wrong type"),
          Map.entry(8, "a cell is full"),
          Map.entry(9, "a cell ends too early"),
          Map.entry(10, "a dictionary is malformed"),
          Map.entry(11, "no such method"),
          Map.entry(13, "out of gas"),
          Map.entry(-14, "out of gas"),
          Map.entry(32, "the list of actions is malformed"),
          Map.entry(34, "an action is malformed"),
          Map.entry(35, "a message has a wrong source"),
          Map.entry(36, "a message has a wrong destination"),
          Map.entry(37, "not enough Toncoin for an action"),
          Map.entry(38, "not enough extra currency for an action"),
          Map.entry(40, "not enough Toncoin to send a message"),
          Map.entry(50, "the account is too large"));

  /** A field of what a get-method answers. */
  record Field(String name, String type) {}

  /** A contract of ours. */
  record Known(String kind, String method, List<Field> fields, Map<Integer, String> statuses) {}

  private final Map<Long, String> operations = new HashMap<>();
  private final Map<Integer, String> errors = new HashMap<>(TVM);
  private final Map<String, Known> byCodeHash = new HashMap<>();

  Dictionary() {
    Matcher struct = STRUCT.matcher(text("messages.tolk"));
    while (struct.find()) {
      operations.put(Long.decode(struct.group(1)), spaced(struct.group(2)));
    }
    operations.put(COMMENT, "comment");
    Matcher error = ERROR.matcher(text("errors.tolk"));
    while (error.find()) {
      errors.put(Integer.decode(error.group(1)), error.group(2).trim());
    }
    JsonNode hashes;
    try {
      hashes = Shapes.JSON.readTree(text("hashes.json"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    hashes
        .fieldNames()
        .forEachRemaining(kind -> byCodeHash.put(hashes.path(kind).asText(), known(kind)));
    Cell wallet = Boc.parse(bytes("wallet.boc"));
    Known walletKind =
        new Known("wallet", "seqno", List.of(new Field("seqno", "uint32")), Map.of());
    byCodeHash.put(wallet.hashHex(), walletKind);
  }

  private static Known known(String kind) {
    String source = text(kind + ".tolk");
    List<Field> fields = new ArrayList<>();
    Matcher view = VIEW.matcher(source);
    while (view.find()) {
      if (!view.group(1).toLowerCase(Locale.ROOT).equals(kind)) {
        continue;
      }
      Matcher field = FIELD.matcher(view.group(2));
      while (field.find()) {
        fields.add(new Field(field.group(1), field.group(2)));
      }
    }
    Map<Integer, String> statuses = new LinkedHashMap<>();
    Matcher status = STATUS.matcher(source);
    while (status.find()) {
      statuses.put(Integer.valueOf(status.group(2)), status.group(1).toLowerCase(Locale.ROOT));
    }
    return new Known(kind, "get_" + kind + "_data", List.copyOf(fields), statuses);
  }

  /** CloseChannel as "close channel". */
  private static String spaced(String name) {
    return name.replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
  }

  /** The contract with this code; null if it is none of ours. */
  @Nullable Known known(@Nullable Cell code) {
    return code == null ? null : byCodeHash.get(code.hashHex());
  }

  /** What an operation is called; null if it is none of ours. */
  @Nullable String operation(long op) {
    return op == BOUNCED ? "bounced" : operations.get(op);
  }

  /** What an exit code means. */
  String meaning(int code) {
    return errors.getOrDefault(code, "unknown to this explorer");
  }

  private static String text(String name) {
    return new String(bytes(name), UTF_8);
  }

  private static byte[] bytes(String name) {
    try (InputStream in = Dictionary.class.getResourceAsStream("/org/cocoon/devnet/" + name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing: build the module again");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
