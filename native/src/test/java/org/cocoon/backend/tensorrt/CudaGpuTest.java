package org.cocoon.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.cocoon.backend.BackendException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The calls into the driver, received by C functions with the signatures of cuda.h. */
final class CudaGpuTest {
  @TempDir private static Path folder = Path.of("");

  private static RecordingDriver recording = uninitialised();

  @SuppressWarnings("NullAway") // set before the first test
  private static RecordingDriver uninitialised() {
    return null;
  }

  @BeforeAll
  static void compilesTheDriver() throws Exception {
    recording = new RecordingDriver(folder);
  }

  @BeforeEach
  void answersAsAnH100Does() throws Throwable {
    recording.answer(0, 13010, 9, 0, 0);
    recording.recorded();
  }

  private static CudaGpu open() {
    return CudaGpu.open(new CudaDriver(recording.library()));
  }

  @Test
  void argumentsArriveAsTheDriverWantsThem() throws Throwable {
    CudaGpu gpu = open();
    assertEquals(new CudaDevice("Recording GPU 40", 90, 80L << 30, 13010), gpu.device());
    assertEquals(5L << 33, gpu.freeBytes());
    assertEquals("retain 40\ncurrent c0\nstream 1\n", recording.recorded());
    long block = gpu.allocate(4096);
    ByteBuffer pinned = gpu.allocatePinned(64);
    pinned.putLong(0, 0x1122334455667788L).putLong(56, -1);
    gpu.upload(pinned, block + 1024, 64);
    pinned.putLong(0, 0).putLong(56, 0);
    gpu.download(block + 1024, pinned, 64);
    assertEquals(0x1122334455667788L, pinned.getLong(0));
    assertEquals(-1, pinned.getLong(56));
    gpu.beginCapture();
    long graph = gpu.endCapture();
    gpu.launch(graph);
    gpu.release(graph);
    gpu.synchronize();
    assertEquals(
        """
        up 64 57
        down 64 57
        record 57 1
        recorded 57
        instantiate 61 0
        drop 61
        launch e1 57
        drop exec e1
        wait 57
        """,
        recording.recorded());
    gpu.close();
    gpu.close();
    assertEquals("current c0\nfree\nfree host\nend 57\nrelease 40\n", recording.recorded());
  }

  @Test
  void blocksAreCopiedToWhereTheyBelong() throws Throwable {
    try (CudaGpu gpu = open()) {
      long memory = gpu.allocate(6 * 64);
      ByteBuffer pinned = gpu.allocatePinned(6 * 64);
      for (int i = 0; i < pinned.capacity(); i++) {
        pinned.put(i, (byte) i);
      }
      gpu.upload(pinned, memory, pinned.capacity());
      recording.recorded();
      // Two groups of 192 bytes, two blocks of 10 bytes each, 32 apart: from slot 0 to slot 1.
      gpu.copy(new Gpu.Blocks(memory, memory + 64, 10, 32, 2, 192, 2));
      assertEquals("copy 10 2 2 57\n", recording.recorded());
      gpu.download(memory, pinned, pinned.capacity());
      for (int i = 0; i < pinned.capacity(); i++) {
        int inGroup = i % 192;
        boolean copied = inGroup >= 64 && inGroup < 128 && inGroup % 32 < 10;
        assertEquals((byte) (copied ? i - 64 : i), pinned.get(i), "byte " + i);
      }
    }
  }

  @Test
  void anotherThreadGetsTheContextFirst() throws Throwable {
    try (CudaGpu gpu = open()) {
      recording.recorded();
      Thread owner = Thread.ofPlatform().start(gpu::synchronize);
      owner.join();
      assertEquals("current c0\nwait 57\n", recording.recorded());
    }
  }

  @Test
  void tooLittleMemoryIsSaidInASentence() throws Throwable {
    try (CudaGpu gpu = open()) {
      recording.answer(0, 13010, 9, 0, 2);
      BackendException refused = assertThrows(BackendException.class, () -> gpu.allocate(3L << 29));
      assertEquals(
          "the GPU has no 1.5 GiB of memory left; lower sequences or contextTokens",
          refused.getMessage());
    }
  }

  @Test
  void theProbeSaysWhatIsMissing() throws Throwable {
    assertSays("there is no NVIDIA driver here", probe("libcuda-that-is-not-there.so.1"));
    recording.answer(100, 0, 0, 0, 0);
    assertSays("sees no GPU", probe(recording.library()));
    recording.answer(803, 0, 0, 0, 0);
    assertSays("reboot", probe(recording.library()));
    recording.answer(999, 0, 0, 0, 0);
    assertSays("does not start: CUDA_ERROR_UNKNOWN", probe(recording.library()));
    recording.answer(77, 0, 0, 0, 0);
    assertSays("does not start: error 77", probe(recording.library()));
    recording.answer(0, 12080, 9, 0, 0);
    assertSays("is for CUDA 12.8 and TensorRT needs 13.0", probe(recording.library()));
    recording.answer(0, 13010, 7, 0, 0);
    assertSays("compute capability 7.0", probe(recording.library()));
    recording.answer(0, 13010, 9, 0, 0);
    assertSays("there is no libjnijavacpp.so in " + folder, probe(recording.library()));
  }

  @Test
  void theProbeAcceptsAGpuWithTensorRtBesideIt() throws Throwable {
    Path libraries = Files.createDirectory(folder.resolve("libraries"));
    for (String file :
        new String[] {
          "libjnijavacpp.so",
          "libnvinfer.so.10",
          "libnvonnxparser.so.10",
          "libjninvinfer.so",
          "libjninvonnxparser.so"
        }) {
      Files.createFile(libraries.resolve(file));
    }
    EngineProbe found = EngineProbe.probe(recording.library(), libraries);
    assertEquals(
        new EngineProbe.Usable("Recording GPU 40 (80 GiB, compute capability 9.0)"), found);
  }

  private static String probe(String driver) {
    return assertInstanceOf(EngineProbe.Unusable.class, EngineProbe.probe(driver, folder), driver)
        .reason();
  }

  private static void assertSays(String words, String reason) {
    assertTrue(reason.contains(words), reason);
  }
}
