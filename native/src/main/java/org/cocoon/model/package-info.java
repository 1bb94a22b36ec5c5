/**
 * Model files: reads GGUF and safetensors, names a model by its hash, and exports it as the ONNX
 * graph of docs/GRAPH.md.
 *
 * <p>Every file is hostile until it is read: sizes are checked against the file before anything is
 * allocated, and whatever is wrong is a {@link org.cocoon.model.ModelFileException}.
 */
@NullMarked
package org.cocoon.model;

import org.jspecify.annotations.NullMarked;
