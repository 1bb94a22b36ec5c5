package org.cocoon.backend.tensorrt;

/**
 * What the backend must know of an exported graph; docs/GRAPH.md says what each part is.
 *
 * @param name the model's name
 * @param revision its revision
 * @param hash Merkle hash of the model's file, in hex
 * @param graphHash Merkle hash of model.onnx, in hex
 * @param dataHash Merkle hash of model.data, in hex
 * @param dataBytes size of the weights
 * @param layers that have a cache each for keys and values
 * @param keyValueHeads heads of a cache
 * @param headDimension elements of a head
 * @param elementBytes of a cache's element, 2 or 4
 * @param vocabulary tokens in the vocabulary
 * @param context tokens that the model was trained for
 * @param positions height of the rotary tables, the most that a cache can hold
 * @param candidates that each row gives, at least 1
 */
record GraphShape(
    String name,
    String revision,
    String hash,
    String graphHash,
    String dataHash,
    long dataBytes,
    int layers,
    int keyValueHeads,
    int headDimension,
    int elementBytes,
    int vocabulary,
    int context,
    int positions,
    int candidates) {

  GraphShape {
    if (layers < 1 || keyValueHeads < 1 || headDimension < 1 || dataBytes < 1) {
      throw new IllegalArgumentException("a graph has layers, heads and weights");
    }
    if (elementBytes != 2 && elementBytes != 4) {
      throw new IllegalArgumentException("a cache's element has 2 or 4 bytes");
    }
    if (context < 1 || positions <= context) {
      throw new IllegalArgumentException("the rotary tables must be higher than the context");
    }
    if (candidates < 1 || candidates > vocabulary) {
      throw new IllegalArgumentException(
          "the graph gives no candidates; export it with --candidates 64");
    }
  }
}
