package org.cocoon.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.cocoon.backend.BackendException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EngineStoreTest {
  private static final CudaDevice H100 =
      new CudaDevice("NVIDIA H100 80GB HBM3", 90, 80L << 30, 13010);

  @TempDir private Path folder = Path.of("");

  private static GraphShape graph(String graphHash, String dataHash) {
    return new GraphShape(
        "toy", "file", "0".repeat(64), graphHash, dataHash, 9, 2, 3, 4, 2, 999, 4096, 4608, 8);
  }

  private static byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    new Random(5).nextBytes(bytes);
    return bytes;
  }

  private static MemorySegment copy(byte[] bytes) {
    MemorySegment segment = Arena.ofAuto().allocate(bytes.length);
    return segment.copyFrom(MemorySegment.ofArray(bytes));
  }

  @Test
  void whatIsSavedIsLoadedAndLeavesNothingElse() throws IOException {
    Path engines = folder.resolve("made/on/demand");
    EngineStore store = new EngineStore(engines);
    byte[] engine = bytes(1_000_000);
    store.save("a", copy(bytes(10)));
    store.save("a", copy(engine));
    try (Arena arena = Arena.ofConfined();
        Stream<Path> files = Files.list(engines)) {
      MemorySegment loaded = store.load("a", arena).orElseThrow();
      assertArrayEquals(engine, loaded.toArray(ValueLayout.JAVA_BYTE));
      assertTrue(store.load("b", arena).isEmpty());
      assertEquals(List.of(engines.resolve("a.engine")), files.toList());
    }
    assertEquals(
        "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(engines)));
  }

  @Test
  void aCutOrDamagedEngineIsNone() throws IOException {
    EngineStore store = new EngineStore(folder.resolve("engines"));
    store.save("a", copy(bytes(1000)));
    Path file = folder.resolve("engines/a.engine");
    byte[] whole = Files.readAllBytes(file);
    for (int kept : new int[] {0, 31, 32, 33, 1031}) {
      Files.write(file, Arrays.copyOf(whole, kept));
      try (Arena arena = Arena.ofConfined()) {
        assertTrue(store.load("a", arena).isEmpty(), kept + " bytes");
      }
    }
    for (int at = 0; at < whole.length; at += 97) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 4;
      Files.write(file, damaged);
      try (Arena arena = Arena.ofConfined()) {
        assertTrue(store.load("a", arena).isEmpty(), "byte " + at);
      }
    }
  }

  @Test
  void aFolderThatOthersWriteToIsRefused() throws IOException {
    Path open = Files.createDirectory(folder.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwx---"));
    BackendException refused = assertThrows(BackendException.class, () -> new EngineStore(open));
    assertTrue(String.valueOf(refused.getMessage()).contains("chmod 700"), refused.getMessage());
  }

  @Test
  void theKeyTellsApartWhateverTheEngineDependsOn() {
    GraphShape graph = graph("a", "b");
    Set<String> keys = new HashSet<>();
    assertTrue(keys.add(EngineStore.key(new EngineShape(graph, 8, 1000, 256), H100, 101501)));
    List<EngineShape> others =
        List.of(
            new EngineShape(graph("c", "b"), 8, 1000, 256),
            new EngineShape(graph("a", "c"), 8, 1000, 256),
            new EngineShape(graph, 16, 1000, 256),
            new EngineShape(graph, 8, 2000, 256),
            new EngineShape(graph, 8, 1000, 128));
    for (EngineShape other : others) {
      assertTrue(keys.add(EngineStore.key(other, H100, 101501)), other.toString());
    }
    EngineShape shape = new EngineShape(graph, 8, 1000, 256);
    assertTrue(keys.add(EngineStore.key(shape, new CudaDevice("NVIDIA H200", 90, 1, 1), 101501)));
    assertTrue(keys.add(EngineStore.key(shape, new CudaDevice(H100.name(), 100, 1, 1), 101501)));
    assertTrue(keys.add(EngineStore.key(shape, H100, 101601)));
    // A driver's version and the memory are not what an engine depends on.
    assertTrue(
        keys.contains(EngineStore.key(shape, new CudaDevice(H100.name(), 90, 1, 13020), 101501)));
  }
}
