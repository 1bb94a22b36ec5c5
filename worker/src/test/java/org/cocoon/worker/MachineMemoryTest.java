package org.cocoon.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineMemoryTest {
  @TempDir private Path folder = Path.of("");

  private OptionalLong available() {
    return new MachineMemory(folder, folder).available();
  }

  @Test
  void theLimitOfAContainerCountsAndCachedFilesDoNot() throws Exception {
    assertEquals(OptionalLong.empty(), available(), "nobody says");
    Files.writeString(folder.resolve("meminfo"), "MemTotal: 9 kB\nMemAvailable:   4000 kB\n");
    assertEquals(OptionalLong.of(4_096_000), available());
    Files.writeString(folder.resolve("memory.max"), "max\n");
    assertEquals(OptionalLong.of(4_096_000), available());
    Files.writeString(folder.resolve("memory.max"), "3000000\n");
    Files.writeString(folder.resolve("memory.current"), "2500000\n");
    Files.writeString(folder.resolve("memory.stat"), "anon 1\ninactive_file 500000\n");
    assertEquals(OptionalLong.of(1_000_000), available());
    Files.writeString(folder.resolve("memory.current"), "9500000\n");
    assertEquals(OptionalLong.of(0), available());
  }
}
