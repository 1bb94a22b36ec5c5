package org.cocoon.backend.tensorrt;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/** Compiles recording_driver.c and talks to it: a driver whose answers a test chooses. */
final class RecordingDriver {
  private final Path library;
  private final SymbolLookup symbols;

  @SuppressWarnings("restricted")
  RecordingDriver(Path folder) throws IOException, InterruptedException {
    Path source = folder.resolve("recording_driver.c");
    library = folder.resolve("librecording.so");
    try (InputStream in = RecordingDriver.class.getResourceAsStream("/recording_driver.c")) {
      Files.write(source, in == null ? new byte[0] : in.readAllBytes());
    }
    Process compiler =
        new ProcessBuilder(
                "gcc",
                "-Wall",
                "-Werror",
                "-shared",
                "-fPIC",
                "-o",
                library.toString(),
                source.toString())
            .inheritIO()
            .start();
    assertEquals(0, compiler.waitFor(), "the compiler's status");
    symbols = SymbolLookup.libraryLookup(library, Arena.ofAuto());
  }

  String library() {
    return library.toString();
  }

  @SuppressWarnings("restricted")
  private MethodHandle function(String name, FunctionDescriptor descriptor) {
    return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), descriptor);
  }

  /** Statuses of cuInit and cuMemAlloc, and what the driver tells of itself and its GPU. */
  void answer(int init, int version, int major, int minor, int allocation) throws Throwable {
    function("answer", FunctionDescriptor.ofVoid(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT))
        .invoke(init, version, major, minor, allocation);
  }

  /** The calls since the last time, one a line. */
  @SuppressWarnings("restricted")
  String recorded() throws Throwable {
    MemorySegment text =
        (MemorySegment) function("recorded", FunctionDescriptor.of(ADDRESS)).invoke();
    String calls = text.reinterpret(1 << 16).getString(0);
    function("forget", FunctionDescriptor.ofVoid()).invoke();
    return calls;
  }
}
