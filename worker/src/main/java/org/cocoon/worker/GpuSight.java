package org.cocoon.worker;

/**
 * Whether this worker can compute on a GPU.
 *
 * @param usable whether it can
 * @param sentence what was found, or what is missing
 */
record GpuSight(boolean usable, String sentence) {

  /** Looks for a GPU and the backend for it. */
  static GpuSight look() {
    return new GpuSight(
        false,
        "this build has no TensorRT backend; run vLLM, SGLang or trtllm-serve beside this worker"
            + " and use --engine upstream");
  }
}
