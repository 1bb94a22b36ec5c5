package org.cocoon.link.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;
import java.util.List;
import org.cocoon.link.fuzz.FuzzTarget;

/**
 * The data of a registry as an endpoint gives them, down to the document. What is read is within
 * its bounds; nothing takes long.
 */
public final class RegistryTarget implements FuzzTarget {
  private static final String DOCUMENT =
      "{\"version\": 1, \"policy\": {\"version\": 1}, \"models\": {\"m\": []}, \"routers\": "
          + "[{\"name\": \"r\", \"link\": \"r:1\"}]}";

  private final List<byte[]> seeds =
      List.of(
          TestCell.registry(7, 0, TestCell.snake(DOCUMENT.getBytes(UTF_8)), List.of(), List.of())
              .bag(),
          TestCell.registry(
                  8,
                  1_800_000_000L,
                  TestCell.snake(DOCUMENT.getBytes(UTF_8)),
                  List.of(TestCell.snake("{}".getBytes(UTF_8))),
                  List.of("ab".repeat(32), "ac".repeat(32), "cd".repeat(32)))
              .bag(),
          withoutChecksum(
              TestCell.registry(
                      9,
                      0,
                      TestCell.snake(DOCUMENT.getBytes(UTF_8)),
                      List.of(),
                      List.of("00".repeat(32), "ff".repeat(32)))
                  .bag()));

  /** So that a change gets further than to the checksum. */
  private static byte[] withoutChecksum(byte[] bag) {
    byte[] plain = java.util.Arrays.copyOf(bag, bag.length - 4);
    plain[4] &= (byte) ~0x40;
    return plain;
  }

  @Override
  public List<byte[]> seeds() {
    return seeds;
  }

  /** A small bag may stand for the most hashes there may be, by sharing its cells. */
  @Override
  public long fixedBytes() {
    return 4 << 20;
  }

  @Override
  public void take(byte[] input) {
    RegistryState state;
    try {
      state = RegistryState.read(input, Instant.EPOCH);
    } catch (MalformedStateException e) {
      if (e.reason().isBlank()) {
        throw new AssertionError("a refusal without a sentence");
      }
      return;
    }
    if (state.document().size() > NetworkDocument.MAX_BYTES
        || state.revoked().size() > RevokedHashes.MAX
        || state.version() < 0) {
      throw new AssertionError("something beyond its bounds was read");
    }
    try {
      NetworkDocument.parse(state.document().toByteArray());
    } catch (IllegalArgumentException e) {
      if (String.valueOf(e.getMessage()).isBlank()) {
        throw new AssertionError("a refusal without a sentence", e);
      }
    }
  }
}
