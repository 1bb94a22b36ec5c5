package org.cocoon.contracts.tool;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.EarningsTree;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;

/**
 * What a worker keeps of what one router owes its owner, checked: the router signed the commitment,
 * and the leaf is in its tree.
 *
 * @param payee whom it is paid to
 * @param routerKey that signed, 32 bytes
 * @param commitment to the tree
 * @param leaf of the payee
 * @param index of the leaf
 * @param siblings on its way up
 */
record EarningsFile(
    TonAddress payee,
    byte[] routerKey,
    Commitment commitment,
    EarningsTree.Leaf leaf,
    int index,
    List<EarningsTree.Node> siblings) {
  private static final long MAX_FILE_BYTES = 64 << 10;
  private static final int MAX_FILES = 1_000;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HexFormat HEX = HexFormat.of();

  /** All in a folder, or the one file. */
  static List<Path> find(Path where) throws ToolException, IOException {
    if (!Files.isDirectory(where)) {
      return List.of(where);
    }
    try (Stream<Path> files = Files.list(where)) {
      List<Path> found =
          files
              .filter(file -> file.getFileName().toString().matches("settlement-.*\\.json"))
              .sorted()
              .limit(MAX_FILES)
              .toList();
      if (found.isEmpty()) {
        throw Amounts.usage("there are no settlement-*.json in %s: nothing was earned yet", where);
      }
      return found;
    }
  }

  /** Reads and checks one. */
  static EarningsFile read(Path file) throws ToolException, IOException {
    if (Files.size(file) > MAX_FILE_BYTES) {
      throw Amounts.usage("%s is too long for what a worker keeps", file);
    }
    try {
      EarningsFile read = parse(JSON.readTree(Files.readAllBytes(file)));
      read.check();
      return read;
    } catch (JsonProcessingException e) {
      throw Amounts.usage("%s is not JSON: %s", file, e.getOriginalMessage());
    } catch (IllegalArgumentException e) {
      throw Amounts.usage("%s does not hold: %s", file, String.valueOf(e.getMessage()));
    }
  }

  private static EarningsFile parse(JsonNode json) {
    if (json.path("version").asInt() != 1) {
      throw new IllegalArgumentException("it has another version than 1");
    }
    TonAddress payee = TonAddress.parse(text(json, "payee"));
    Commitment commitment =
        new Commitment(
            Math.toIntExact(number(json, "network")),
            TonAddress.parse(text(json, "settlement")),
            number(json, "epoch"),
            HEX.parseHex(text(json, "root")),
            new NanoTon(number(json, "total")),
            HEX.parseHex(text(json, "digest")),
            number(json, "expires"),
            HEX.parseHex(text(json, "signature")));
    List<EarningsTree.Node> siblings = new ArrayList<>();
    JsonNode way = json.path("siblings");
    if (!way.isArray() || way.size() > 20) {
      throw new IllegalArgumentException("'siblings' is a list of up to 20");
    }
    for (JsonNode sibling : way) {
      ByteBuffer bytes = ByteBuffer.wrap(HEX.parseHex(sibling.asText()));
      if (bytes.remaining() != 32 + Long.BYTES) {
        throw new IllegalArgumentException("a sibling has 40 bytes");
      }
      byte[] hash = new byte[32];
      bytes.get(hash);
      siblings.add(new EarningsTree.Node(hash, new NanoTon(bytes.getLong())));
    }
    return new EarningsFile(
        payee,
        HEX.parseHex(text(json, "routerKey")),
        commitment,
        new EarningsTree.Leaf(payee, new NanoTon(number(json, "earned"))),
        Math.toIntExact(number(json, "index")),
        List.copyOf(siblings));
  }

  private void check() {
    if (!commitment.isSignedBy(routerKey)) {
      throw new IllegalArgumentException("the router did not sign this commitment");
    }
    EarningsTree.Node root = new EarningsTree.Node(commitment.root(), commitment.earned());
    if (!EarningsTree.proves(
        commitment.networkId(), commitment.contract(), leaf, index, siblings, root)) {
      throw new IllegalArgumentException("the earnings are not in the tree that was signed");
    }
  }

  private static String text(JsonNode json, String name) {
    JsonNode node = json.path(name);
    if (!node.isTextual()) {
      throw new IllegalArgumentException("'%s' is a string".formatted(name));
    }
    return node.textValue();
  }

  private static long number(JsonNode json, String name) {
    JsonNode node = json.path(name);
    if (!node.isIntegralNumber() || !node.canConvertToLong()) {
      throw new IllegalArgumentException("'%s' is a number".formatted(name));
    }
    return node.longValue();
  }
}
