package org.cocoon.backend.tensorrt;

import org.cocoon.backend.BackendException;

/**
 * A GPU as the driver describes it.
 *
 * @param name such as "NVIDIA H100 80GB HBM3"
 * @param computeCapability major times ten plus minor, 90 for an H100
 * @param memoryBytes of the device
 * @param driverVersion of CUDA that the driver can run, such as 13010 for 13.1
 */
record CudaDevice(String name, int computeCapability, long memoryBytes, int driverVersion) {
  /** TensorRT 10.15 of CUDA 13 runs on Turing and later. */
  static final int LEAST_COMPUTE_CAPABILITY = 75;

  /** CUDA 13.0: TensorRT is built for CUDA 13, whose minor versions are compatible. */
  static final int LEAST_DRIVER_VERSION = 13000;

  private static final int NAME_BYTES = 255;
  private static final int MAJOR = 75; // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
  private static final int MINOR = 76;

  /**
   * Describes the first GPU.
   *
   * @throws BackendException with what to do, where there is none or TensorRT cannot use it
   */
  static CudaDevice first(CudaDriver driver) {
    int status = driver.status("cuInit", 0);
    switch (status) {
      case CudaDriver.SUCCESS -> {}
      case CudaDriver.NO_DEVICE ->
          throw new BackendException(
              "the NVIDIA driver sees no GPU; check nvidia-smi, and that the GPU is given to this"
                  + " container or VM");
      case CudaDriver.SYSTEM_DRIVER_MISMATCH ->
          throw new BackendException(
              "the NVIDIA driver was updated while its kernel module runs; reboot");
      default ->
          throw new BackendException(
              "the NVIDIA driver does not start: "
                  + driver.errorName(status)
                  + "; check nvidia-smi, and in a confidential VM that the GPU is in ready state"
                  + " (nvidia-smi conf-compute -grs)");
    }
    driver.call("cuDriverGetVersion", driver.results());
    int version = driver.resultInt();
    if (version < LEAST_DRIVER_VERSION) {
      throw new BackendException(
          "the NVIDIA driver is for CUDA "
              + version / 1000
              + "."
              + version % 1000 / 10
              + " and TensorRT needs 13.0; install driver 580 or newer");
    }
    driver.call("cuDeviceGet", driver.results(), 0);
    int device = driver.resultInt();
    driver.call("cuDeviceGetName", driver.results(), NAME_BYTES, device);
    String name = driver.resultText();
    driver.call("cuDeviceTotalMem_v2", driver.results(), device);
    long memory = driver.resultLong(0);
    driver.call("cuDeviceGetAttribute", driver.results(), MAJOR, device);
    int capability = 10 * driver.resultInt();
    driver.call("cuDeviceGetAttribute", driver.results(), MINOR, device);
    capability += driver.resultInt();
    if (capability < LEAST_COMPUTE_CAPABILITY) {
      throw new BackendException(
          "the GPU "
              + name
              + " has compute capability "
              + capability / 10.0
              + " and TensorRT needs 7.5 (Turing) or newer; use --engine upstream or llama");
    }
    return new CudaDevice(name, capability, memory, version);
  }

  /** For people: name, memory and capability. */
  String describe() {
    return "%s (%d GiB, compute capability %d.%d)"
        .formatted(
            name, Math.round(memoryBytes / 0x1p30), computeCapability / 10, computeCapability % 10);
  }
}
