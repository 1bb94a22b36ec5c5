package org.cocoon.link.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The registry's data as the TVM wrote them, and everything that they must not be. */
final class RegistryStateTest {
  private static final Instant NOW = Instant.ofEpochSecond(1_800_000_000L);
  private static final TestCell DOCUMENT = TestCell.snake("{}".getBytes(UTF_8));
  private static final HexFormat HEX = HexFormat.of();

  static Stream<JsonNode> vectors() throws IOException {
    try (InputStream in = RegistryStateTest.class.getResourceAsStream("/registry/vectors.json")) {
      List<JsonNode> vectors = new ArrayList<>();
      new ObjectMapper().readTree(in).forEach(vectors::add);
      assertEquals(4, vectors.size());
      return vectors.stream();
    }
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void readsWhatTheVirtualMachineWrote(JsonNode vector) throws MalformedStateException {
    for (String form : List.of("data", "indexed")) {
      byte[] data = Base64.getDecoder().decode(vector.path(form).asText());
      RegistryState state = RegistryState.read(data, NOW);
      assertEquals(vector.path("version").asLong(), state.version());
      assertEquals(vector.path("activatesAt").asLong(), state.activatesAt().getEpochSecond());
      assertEquals(vector.path("document").asText(), state.document().toStringUtf8());
      assertEquals(
          Optional.ofNullable(vector.path("pending").textValue()),
          state.pending().map(pending -> pending.toStringUtf8()));
      TreeSet<String> revoked = new TreeSet<>();
      vector.path("revoked").forEach(hash -> revoked.add(hash.asText()));
      assertEquals(revoked, state.revoked().keySet());
      assertTrue(
          state.revoked().values().stream()
              .allMatch(since -> Duration.between(since, NOW).abs().toDays() <= 2));
    }
  }

  @Test
  void everyBeginningOfABagIsRefused() throws IOException {
    byte[] whole = Base64.getDecoder().decode(vectors().toList().get(1).path("data").asText());
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThrows(MalformedStateException.class, () -> RegistryState.read(cut, NOW));
    }
  }

  @Test
  void noChangedByteGoesUnnoticed() throws IOException {
    byte[] whole = Base64.getDecoder().decode(vectors().toList().get(1).path("data").asText());
    for (int at = 0; at < whole.length; at++) {
      byte[] changed = whole.clone();
      changed[at] ^= 0x10;
      assertThrows(
          MalformedStateException.class, () -> RegistryState.read(changed, NOW), "byte " + at);
    }
  }

  @Test
  void readsManyHashesAndNoMoreThanItsBound() throws MalformedStateException {
    List<String> many = hashes(RevokedHashes.MAX);
    byte[] data = TestCell.registry(1, 0, DOCUMENT, List.of(), many).bag();
    assertEquals(new TreeSet<>(many), RegistryState.read(data, NOW).revoked().keySet());
    refuses(
        "4096 hashes",
        TestCell.registry(1, 0, DOCUMENT, List.of(), hashes(RevokedHashes.MAX + 1)).bag());
  }

  private static List<String> hashes(int count) {
    Random random = new Random(7);
    return Stream.generate(
            () -> {
              byte[] hash = new byte[32];
              random.nextBytes(hash);
              return HEX.formatHex(hash);
            })
        .limit(count)
        .toList();
  }

  @Test
  void refusesADictionaryThatSharesCellsToLookSmall() {
    // Each level has its two branches in one cell: 256 cells that stand for 2^256 hashes.
    TestCell level = new TestCell().uint(0b00, 2).uint(1, 32);
    for (int i = 0; i < 256; i++) {
      level = new TestCell().uint(0b00, 2).ref(level).ref(level);
    }
    TestCell data = TestCell.registry(1, 0, DOCUMENT, List.of(), List.of()).flip().ref(level);
    refuses("4096 hashes", data.bag());
  }

  @Test
  void refusesTooLongADocument() throws MalformedStateException {
    byte[] longest = new byte[RegistryState.MAX_DOCUMENT_BYTES];
    byte[] data = TestCell.registry(1, 0, TestCell.snake(longest), List.of(), List.of()).bag();
    assertEquals(longest.length, RegistryState.read(data, NOW).document().size());
    refuses(
        "bytes",
        TestCell.registry(1, 0, TestCell.snake(new byte[longest.length + 1]), List.of(), List.of())
            .bag());
  }

  @Test
  void refusesWhatIsNoRegistry() {
    refuses("too few bits", new TestCell().uint(0b100, 3).bag());
    refuses("address", new TestCell().uint(0, 500).bag());
    refuses("too many", TestCell.registry(1, 0, DOCUMENT, List.of(), List.of()).uint(0, 1).bag());
    refuses(
        "chain of cells",
        TestCell.registry(1, 0, new TestCell().uint(1, 7), List.of(), List.of()).bag());
    refuses(
        "chain of cells",
        TestCell.registry(1, 0, new TestCell().ref(DOCUMENT).ref(DOCUMENT), List.of(), List.of())
            .bag());
  }

  @Test
  void refusesBagsThatNobodyWrites() {
    refuses("b5ee9c72", HEX.parseHex("b5ee9c73010101010002000000"));
    refuses("flags", HEX.parseHex("b5ee9c72080101010002000000"));
    refuses("flags", HEX.parseHex("b5ee9c72000101010002000000"));
    refuses("flags", HEX.parseHex("b5ee9c72050101010002000000"));
    refuses("flags", HEX.parseHex("b5ee9c72010901010002000000"));
    refuses("one root", HEX.parseHex("b5ee9c7201010102000200000000"));
    refuses("one root", HEX.parseHex("b5ee9c72010101010102000000"));
    refuses("one root", HEX.parseHex("b5ee9c72010100010002000000"));
    refuses("first cell", HEX.parseHex("b5ee9c72010102010004010000010000"));
    // A length that would overflow a sum, or a count that would take all memory.
    refuses("longer or shorter", HEX.parseHex("b5ee9c7201080101007fffffffffffffff000000"));
    refuses("longer or shorter", HEX.parseHex("b5ee9c72010801010080000000000000000000"));
    refuses("one root", HEX.parseHex("b5ee9c720401ffffffff0000000100000000020000000000000000"));
    refuses("exotic", HEX.parseHex("b5ee9c72010101010002000800"));
    refuses("exotic", HEX.parseHex("b5ee9c72010101010002000500"));
    refuses("end mark", HEX.parseHex("b5ee9c7201010101000300000180"));
    refuses("end mark", HEX.parseHex("b5ee9c7201010101000300000100"));
    refuses("follows", HEX.parseHex("b5ee9c72010101010003000000ff"));
  }

  @Test
  void refusesCyclesAndStrayCells() {
    // Two cells, the second of which refers to: the first, itself, a third.
    for (String ref : List.of("00", "01", "02", "ff")) {
      refuses("refers to", HEX.parseHex("b5ee9c720101020100060001000101" + "00" + ref));
    }
    refuses("refers to", HEX.parseHex("b5ee9c72010101010003000100" + "00"));
    refuses("nobody refers", HEX.parseHex("b5ee9c7201010201000400" + "0000" + "0000"));
  }

  @Test
  void refusesDeepNesting() {
    TestCell deep = new TestCell();
    for (int i = 0; i <= BagOfCells.MAX_DEPTH; i++) {
      deep = new TestCell().ref(deep);
    }
    refuses("deep", deep.bag());
  }

  @Test
  void refusesMoreBytesAndCellsThanItsBounds() {
    refuses("more than", new byte[BagOfCells.MAX_BYTES + 1]);
    byte[] many = TestCell.number(0xb5ee9c72, 4);
    byte[] header = Arrays.copyOf(many, 6 + 2 + 2 + 2 + 4 + 2);
    header[4] = 2;
    header[5] = 4;
    header[6] = 0x40; // 16,385 cells
    header[7] = 1;
    header[9] = 1;
    refuses("16384 cells", header);
  }

  private static void refuses(String words, byte[] data) {
    MalformedStateException refused =
        assertThrows(MalformedStateException.class, () -> RegistryState.read(data, NOW));
    assertTrue(refused.reason().contains(words), refused::reason);
  }
}
