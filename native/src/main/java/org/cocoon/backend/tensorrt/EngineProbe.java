package org.cocoon.backend.tensorrt;

import java.nio.file.Path;
import org.cocoon.backend.BackendException;

/**
 * Finds out whether this machine can run a {@link TensorRtBackend}, before anything of TensorRT is
 * loaded: without a GPU its factories return null or garbage instead of an error.
 */
public sealed interface EngineProbe {

  /**
   * It can.
   *
   * @param gpu for people, such as "NVIDIA H100 80GB HBM3 (80 GiB, compute capability 9.0)"
   */
  record Usable(String gpu) implements EngineProbe {}

  /**
   * It cannot.
   *
   * @param reason a sentence that says why, and what to do
   */
  record Unusable(String reason) implements EngineProbe {}

  /**
   * Looks for a driver, a GPU that TensorRT supports, its libraries and JNI classes. Loads the
   * driver and lets it go again; takes a second where there is a GPU.
   *
   * @param libraries folder that native/fetch tensorrt names
   */
  static EngineProbe probe(Path libraries) {
    return probe(CudaDriver.LIBRARY, libraries);
  }

  /** With another file for the driver. */
  static EngineProbe probe(String driverLibrary, Path libraries) {
    String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    if (!system.equals("Linux amd64")) {
      return new Unusable("the TensorRT backend runs on Linux on x86-64, and this is " + system);
    }
    try (CudaDriver driver = new CudaDriver(driverLibrary)) {
      CudaDevice device = CudaDevice.first(driver);
      String missing = TensorRtLibrary.missing(libraries);
      return missing.isEmpty() ? new Usable(device.describe()) : new Unusable(missing);
    } catch (BackendException e) {
      return new Unusable(String.valueOf(e.getMessage()));
    }
  }
}
