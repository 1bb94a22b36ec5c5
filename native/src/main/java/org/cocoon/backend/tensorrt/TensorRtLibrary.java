package org.cocoon.backend.tensorrt;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorrt.global.nvinfer;
import org.bytedeco.tensorrt.nvinfer.ILogger;
import org.cocoon.backend.BackendException;
import org.jspecify.annotations.Nullable;

/**
 * TensorRT's libraries and the JNI bridge to them, loaded once for the process from one folder.
 *
 * <p>The bridge's own loader is turned off: it would unpack 900 MB of libraries from jars, and it
 * insists on CUDA's runtime, which nothing here calls.
 */
final class TensorRtLibrary {
  /** The version that the bridge is made for: 10.15.1. */
  static final int VERSION = 101501;

  private static final String VERSION_NAME = "10.15.1";
  private static final String BUILDER_RESOURCE = "libnvinfer_builder_resource_";
  private static final List<String> FILES =
      List.of(
          "libjnijavacpp.so",
          "libnvinfer.so.10",
          "libnvonnxparser.so.10",
          "libjninvinfer.so",
          "libjninvonnxparser.so");

  private static @Nullable Path loaded;
  private static @Nullable Log log;

  private TensorRtLibrary() {}

  /**
   * Loads the libraries. Needs no GPU.
   *
   * @param folder where native/fetch tensorrt put them
   * @throws BackendException with what to do, where something is missing or of another version
   */
  static synchronized void load(Path folder) {
    Path absolute = folder.toAbsolutePath().normalize();
    if (absolute.equals(loaded)) {
      return;
    }
    if (loaded != null) {
      throw new BackendException("this process has loaded TensorRT from " + loaded + " already");
    }
    String missing = missing(absolute);
    if (!missing.isEmpty()) {
      throw new BackendException(missing);
    }
    System.setProperty("org.bytedeco.javacpp.loadlibraries", "false");
    try {
      FILES.forEach(file -> loadLibrary(absolute.resolve(file)));
    } catch (UnsatisfiedLinkError e) {
      throw new BackendException("TensorRT cannot be loaded: " + e.getMessage(), e);
    }
    int version = nvinfer.getInferLibVersion();
    if (version != VERSION) {
      throw new BackendException(
          "%s holds TensorRT %d.%d.%d and %s is needed; run native/fetch tensorrt"
              .formatted(
                  absolute, version / 10000, version / 100 % 100, version % 100, VERSION_NAME));
    }
    log = new Log();
    loaded = absolute;
  }

  /** What is not there, in a sentence that says what to do; empty where all is. */
  static String missing(Path folder) {
    try {
      Class.forName(
          "org.bytedeco.tensorrt.nvinfer.IBuilder", false, TensorRtLibrary.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      return "TensorRT's JNI classes are not on the class path; run native/fetch tensorrt and add"
          + " the jars that it fetched";
    }
    for (String file : FILES) {
      if (!Files.isRegularFile(folder.resolve(file))) {
        return "there is no " + file + " in " + folder + "; run native/fetch tensorrt";
      }
    }
    return "";
  }

  /**
   * Loads what only a build needs: kernels to choose from, 230 MB and more for each kind of GPU.
   * TensorRT finds them by name once they are in the process.
   */
  static synchronized void loadBuilderResources() {
    Path folder = loaded;
    if (folder == null) {
      throw new IllegalStateException("TensorRT is not loaded");
    }
    try (Stream<Path> files = Files.list(folder)) {
      files
          .filter(file -> file.getFileName().toString().startsWith(BUILDER_RESOURCE))
          .sorted()
          .forEach(TensorRtLibrary::loadLibrary);
    } catch (IOException e) {
      throw new BackendException("cannot read " + folder + ": " + e.getMessage(), e);
    }
  }

  @SuppressWarnings("restricted") // the program is started with --enable-native-access
  private static void loadLibrary(Path library) {
    System.load(library.toString());
  }

  /** Where TensorRT says what went wrong; one for the process. */
  static synchronized Log log() {
    Log current = log;
    if (current == null) {
      throw new IllegalStateException("TensorRT is not loaded");
    }
    return current;
  }

  /** Throws where TensorRT returned null or false, with its own last word. */
  static <T extends Pointer> T require(@Nullable T pointer, String sentence) {
    if (pointer == null || pointer.isNull()) {
      throw new BackendException(sentence + log().lastError());
    }
    return pointer;
  }

  /** Throws where TensorRT returned false. */
  static void require(boolean holds, String sentence) {
    if (!holds) {
      throw new BackendException(sentence + log().lastError());
    }
  }

  /** Keeps TensorRT's last error; its messages name layers and tensors, never a prompt. */
  static final class Log extends ILogger {
    private volatile String last = "";

    @Override
    public void log(Severity severity, String message) {
      if (severity.intern().value <= Severity.kERROR.value) {
        last = message.strip().lines().reduce("", (all, line) -> all + " " + line.strip());
      }
    }

    /** ": " and the last error, or nothing; forgets it. */
    String lastError() {
      String error = last;
      last = "";
      return error.isEmpty() ? "" : ":" + (error.length() > 500 ? error.substring(0, 500) : error);
    }
  }
}
