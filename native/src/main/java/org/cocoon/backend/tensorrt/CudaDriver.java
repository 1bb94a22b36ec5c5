package org.cocoon.backend.tensorrt;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.cocoon.backend.BackendException;

/**
 * The functions of NVIDIA's driver, libcuda.so.1, that this backend calls; it is there wherever a
 * GPU works, so nothing else of CUDA has to be installed.
 *
 * <p>Names, types and values are those of cuda.h, CUDA 13.0. A call takes numbers alone, pointers
 * included, and returns CUDA's status.
 */
final class CudaDriver implements AutoCloseable {
  static final String LIBRARY = "libcuda.so.1";

  static final int SUCCESS = 0;
  static final int OUT_OF_MEMORY = 2;
  static final int NO_DEVICE = 100;
  static final int SYSTEM_DRIVER_MISMATCH = 803;

  /** Each function's parameters: i is an int, L a long, an address or a handle. */
  private static final Map<String, String> PARAMETERS =
      Map.ofEntries(
          Map.entry("cuInit", "i"),
          Map.entry("cuDriverGetVersion", "L"),
          Map.entry("cuGetErrorName", "iL"),
          Map.entry("cuDeviceGet", "Li"),
          Map.entry("cuDeviceGetName", "Lii"),
          Map.entry("cuDeviceGetAttribute", "Lii"),
          Map.entry("cuDeviceTotalMem_v2", "Li"),
          Map.entry("cuDevicePrimaryCtxRetain", "Li"),
          Map.entry("cuDevicePrimaryCtxRelease_v2", "i"),
          Map.entry("cuCtxSetCurrent", "L"),
          Map.entry("cuMemGetInfo_v2", "LL"),
          Map.entry("cuMemAlloc_v2", "LL"),
          Map.entry("cuMemFree_v2", "L"),
          Map.entry("cuMemHostAlloc", "LLi"),
          Map.entry("cuMemFreeHost", "L"),
          Map.entry("cuMemcpyHtoDAsync_v2", "LLLL"),
          Map.entry("cuMemcpyDtoHAsync_v2", "LLLL"),
          Map.entry("cuMemcpy3DAsync_v2", "LL"),
          Map.entry("cuStreamCreate", "Li"),
          Map.entry("cuStreamDestroy_v2", "L"),
          Map.entry("cuStreamSynchronize", "L"),
          Map.entry("cuStreamBeginCapture_v2", "Li"),
          Map.entry("cuStreamEndCapture", "LL"),
          Map.entry("cuGraphInstantiateWithFlags", "LLL"),
          Map.entry("cuGraphLaunch", "LL"),
          Map.entry("cuGraphDestroy", "L"),
          Map.entry("cuGraphExecDestroy", "L"));

  private final Arena arena = Arena.ofShared();
  private final Map<String, MethodHandle> functions = new HashMap<>();

  /** Room for a result that a function writes through a pointer; used by one thread at a time. */
  private final MemorySegment results = arena.allocate(256, 16);

  /**
   * Loads the driver.
   *
   * @param library "libcuda.so.1", or a file in its place
   * @throws BackendException where there is none, or it lacks a function
   */
  @SuppressWarnings("restricted") // the program is started with --enable-native-access
  CudaDriver(String library) {
    SymbolLookup symbols;
    try {
      symbols =
          library.contains("/")
              ? SymbolLookup.libraryLookup(Path.of(library), arena)
              : SymbolLookup.libraryLookup(library, arena);
    } catch (IllegalArgumentException e) {
      arena.close();
      throw new BackendException(
          "there is no NVIDIA driver here ("
              + library
              + " cannot be loaded); install the driver"
              + " of the GPU, version 580 or newer",
          e);
    }
    Linker linker = Linker.nativeLinker();
    PARAMETERS.forEach(
        (name, parameters) ->
            functions.put(
                name,
                linker.downcallHandle(
                    symbols
                        .find(name)
                        .orElseThrow(
                            () ->
                                new BackendException(
                                    "the NVIDIA driver has no "
                                        + name
                                        + "; install version 580 or newer")),
                    descriptor(parameters))));
  }

  private static FunctionDescriptor descriptor(String parameters) {
    return FunctionDescriptor.of(
        JAVA_INT,
        parameters
            .chars()
            .mapToObj(c -> c == 'i' ? JAVA_INT : JAVA_LONG)
            .toArray(MemoryLayout[]::new));
  }

  /** Calls a function and returns CUDA's status. */
  int status(String function, Object... arguments) {
    MethodHandle handle = functions.get(function);
    if (handle == null) {
      throw new IllegalArgumentException(function + " is not one of the driver's functions here");
    }
    try {
      return (int) handle.invokeWithArguments(arguments);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a native call cannot throw", e);
    }
  }

  /** Calls a function that must succeed. */
  void call(String function, Object... arguments) {
    int status = status(function, arguments);
    if (status != SUCCESS) {
      throw new BackendException(
          "the GPU failed in " + function + ": " + errorName(status) + "; restart the worker");
    }
  }

  /** Address of 256 bytes for what a function returns through a pointer. */
  long results() {
    return results.address();
  }

  /** The int that the last call left there. */
  int resultInt() {
    return results.get(JAVA_INT, 0);
  }

  /** A long that the last call left there. */
  long resultLong(int index) {
    return results.getAtIndex(JAVA_LONG, index);
  }

  /** The text that the last call left there. */
  String resultText() {
    return results.getString(0);
  }

  /** Memory for a struct that is passed by address; all zero. */
  MemorySegment struct(long bytes) {
    return arena.allocate(bytes, 16);
  }

  /** CUDA's name of a status, such as CUDA_ERROR_NO_DEVICE. */
  @SuppressWarnings("restricted")
  String errorName(int status) {
    try (Arena scope = Arena.ofConfined()) {
      MemorySegment name = scope.allocate(ADDRESS);
      if (status("cuGetErrorName", status, name.address()) != SUCCESS) {
        return "error " + status;
      }
      return name.get(ADDRESS, 0).reinterpret(256).getString(0);
    }
  }

  /** Unloads the driver. */
  @Override
  public void close() {
    arena.close();
  }
}
