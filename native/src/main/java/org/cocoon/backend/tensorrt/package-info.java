/**
 * A model on an NVIDIA GPU, computed by TensorRT from the exported graph of docs/GRAPH.md.
 *
 * <p>What can be decided without a GPU is plain Java over two narrow interfaces: {@link
 * org.cocoon.backend.tensorrt.StepPlanner} turns a batch into launches, {@link
 * org.cocoon.backend.tensorrt.Launcher} binds them, and tests check every address and shape with a
 * simulated GPU. {@link org.cocoon.backend.tensorrt.Gpu} and {@link
 * org.cocoon.backend.tensorrt.Engine} are all that a real one has to give: the CUDA driver through
 * {@code java.lang.foreign}, and TensorRT through JNI.
 */
@NullMarked
package org.cocoon.backend.tensorrt;

import org.jspecify.annotations.NullMarked;
