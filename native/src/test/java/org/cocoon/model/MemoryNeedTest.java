package org.cocoon.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryNeedTest {
  private static final Path MODEL =
      Path.of(Objects.requireNonNull(System.getProperty("cocoon.model"), "set by Maven"));

  private static long bytes(int sequences, int contextTokens) {
    return MemoryNeed.bytes(MODEL, sequences, contextTokens, 512);
  }

  /** SmolLM2 135M: 30 layers, 3 key heads of 64; four slots of 2048 were seen to take 330 MB. */
  @Test
  void isWhatWasSeenForARealModel() {
    long need = bytes(4, 2048);
    assertTrue(need > 320_000_000 && need < 400_000_000, need + " bytes");
  }

  @Test
  void growsWithSlotsAndContext() {
    long aToken = 30L * 3 * (64 + 64) * 2;
    assertEquals(4 * 1024 * aToken, bytes(4, 2048) - bytes(4, 1024));
    assertTrue(bytes(8, 2048) - bytes(4, 2048) >= 4 * 2048 * aToken);
  }

  @Test
  void aFileThatIsNoModelIsASentence(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("text.gguf"), "Dear reader, ".repeat(100));
    assertThrows(ModelFileException.class, () -> MemoryNeed.bytes(file, 1, 1, 1));
  }
}
