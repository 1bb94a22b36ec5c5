package org.cocoon.backend.tensorrt;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import org.cocoon.backend.BackendException;

/**
 * Compiled engines in a folder, one file for each {@link #key}, so that only the first start takes
 * minutes.
 *
 * <p>A file is the SHA-256 of the engine's bytes, in 32 bytes, and those bytes. It is written
 * beside its place and moved there when it is whole; one that is cut or damaged is as good as none.
 * The hash finds damage, not malice: an engine is code, so the folder must belong to the worker
 * alone, and in a confidential VM lie on its encrypted or in-memory disk. A folder that others may
 * write to is refused.
 */
final class EngineStore {
  private static final int HASH_BYTES = 32;
  private static final long PIECE_BYTES = 1 << 26;
  private static final String SUFFIX = ".engine";

  /** Raised with every change of what is built from the same graph and sizes. */
  private static final int RECIPE = 1;

  private final Path folder;

  /**
   * Opens a folder, which is made where it is missing.
   *
   * @throws BackendException where it cannot be used
   */
  EngineStore(Path folder) {
    this.folder = folder;
    try {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(folder);
      if (permissions.contains(PosixFilePermission.GROUP_WRITE)
          || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
        throw new BackendException(
            "others may write to " + folder + ", where compiled engines lie; chmod 700 it");
      }
    } catch (IOException e) {
      throw new BackendException("cannot use the folder " + folder + ": " + e.getMessage(), e);
    }
  }

  /**
   * What an engine depends on, as a file name: the graph and its weights, the sizes, the GPU, and
   * TensorRT.
   */
  static String key(EngineShape shape, CudaDevice device, int tensorRtVersion) {
    GraphShape graph = shape.graph();
    String all =
        String.join(
            "\n",
            "recipe " + RECIPE,
            "graph " + graph.graphHash(),
            "data " + graph.dataHash(),
            "slots " + shape.slots(),
            "capacity " + shape.capacity(),
            "chunk " + shape.largestChunk(),
            "rows " + shape.mostPrefillRows(),
            "gpu " + device.name(),
            "compute capability " + device.computeCapability(),
            "tensorrt " + tensorRtVersion);
    return HexFormat.of().formatHex(sha256().digest(all.getBytes(UTF_8)));
  }

  /**
   * Finds an engine.
   *
   * @param arena how long its bytes are wanted
   * @return the engine's bytes, or nothing where there is none that is whole
   */
  Optional<MemorySegment> load(String key, Arena arena) {
    Path file = folder.resolve(key + SUFFIX);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (channel.size() <= HASH_BYTES) {
        return Optional.empty();
      }
      MemorySegment whole = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      byte[] expected = whole.asSlice(0, HASH_BYTES).toArray(ValueLayout.JAVA_BYTE);
      MemorySegment engine = whole.asSlice(HASH_BYTES);
      return Arrays.equals(expected, hash(engine)) ? Optional.of(engine) : Optional.empty();
    } catch (IOException e) {
      throw new BackendException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Keeps an engine.
   *
   * @throws BackendException where it cannot be written
   */
  void save(String key, MemorySegment engine) {
    Path file = folder.resolve(key + SUFFIX);
    Path part = folder.resolve(key + "." + ProcessHandle.current().pid() + ".part");
    try {
      try (FileChannel channel =
          FileChannel.open(
              part,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        write(channel, ByteBuffer.wrap(hash(engine)));
        for (long at = 0; at < engine.byteSize(); at += PIECE_BYTES) {
          write(channel, piece(engine, at));
        }
        channel.force(true);
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new BackendException(
          "cannot keep the compiled engine in " + file + ": " + e.getMessage(), e);
    } finally {
      part.toFile().delete();
    }
  }

  private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static ByteBuffer piece(MemorySegment bytes, long at) {
    return bytes.asSlice(at, Math.min(PIECE_BYTES, bytes.byteSize() - at)).asByteBuffer();
  }

  private static byte[] hash(MemorySegment bytes) {
    MessageDigest digest = sha256();
    for (long at = 0; at < bytes.byteSize(); at += PIECE_BYTES) {
      digest.update(piece(bytes, at));
    }
    return digest.digest();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
