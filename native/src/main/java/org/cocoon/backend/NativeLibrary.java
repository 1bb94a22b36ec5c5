package org.cocoon.backend;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The C ABI of cocoon_backend.h, function by function; its header says what each does.
 *
 * <p>One process loads one backend library. A failure is thrown as a {@link BackendException}. A
 * handle must be open: nothing here checks it.
 */
final class NativeLibrary {
  /** COCOON_ABI_VERSION that this class was written for. */
  private static final int ABI_VERSION = 5;

  private static @Nullable Path loaded;

  private NativeLibrary() {}

  /**
   * Loads a backend's library, once for the process.
   *
   * @param folder where it lies, with the libraries that it needs
   * @param fileName such as "libcocoon_llama.so"
   */
  static synchronized void load(Path folder, String fileName) {
    Path library = folder.resolve(fileName).toAbsolutePath().normalize();
    if (library.equals(loaded)) {
      return;
    }
    if (!Files.isRegularFile(library)) {
      throw new BackendException(
          "there is no " + fileName + " in " + folder + "; build it with native/build");
    }
    if (loaded != null) {
      throw new BackendException(
          "this process has loaded " + loaded + " already and cannot load " + library + " too");
    }
    try {
      loadLibrary(library);
      int version = abiVersion();
      if (version != ABI_VERSION) {
        throw new BackendException(
            library + " has ABI " + version + " and " + ABI_VERSION + " is needed; build it again");
      }
    } catch (UnsatisfiedLinkError e) {
      throw new BackendException(library + " cannot be loaded: " + e.getMessage(), e);
    }
    loaded = library;
  }

  @SuppressWarnings("restricted") // the program is started with --enable-native-access
  private static void loadLibrary(Path library) {
    System.load(library.toString());
  }

  private static native int abiVersion();

  /** Returns the handle; limits are int[5] in the order of {@link BackendLimits}. */
  static native long open(
      byte[] folder,
      byte[] model,
      int sequences,
      int contextTokens,
      int batchTokens,
      int threads,
      boolean precise,
      boolean exact,
      int guesses,
      boolean plainKernels,
      int[] limits);

  /** As {@link #open}, for the vocabulary alone; of the limits only its size is above 0. */
  static native long openVocabulary(byte[] folder, byte[] model, int[] limits);

  static native void step(
      long handle,
      int count,
      IntBuffer tokens,
      IntBuffer positions,
      IntBuffer sequences,
      IntBuffer wantLogits,
      FloatBuffer logits,
      IntBuffer candidateIds,
      FloatBuffer candidateLogits,
      FloatBuffer logSumExp);

  static native void truncate(long handle, int sequence, int fromPosition);

  static native void copyPrefix(long handle, int fromSequence, int toSequence, int tokens);

  static native int[] tokenize(long handle, byte[] utf8, boolean parseSpecial);

  /** Returns all pieces in one array and fills their ends and flags, both by token. */
  static native byte[] pieces(long handle, int[] ends, byte[] flags);

  static native byte @Nullable [] metadata(long handle, byte[] name);

  static native int embeddingSize(long handle);

  static native void embed(
      long handle,
      int count,
      IntBuffer tokens,
      IntBuffer positions,
      IntBuffer sequences,
      DoubleBuffer sums);

  static native void forgetEmbedding(long handle, int sequence);

  static native void stats(long handle, long[] counters);

  static native void close(long handle);
}
