package org.cocoon.model;

import java.util.Locale;

/**
 * The shape of a decoder-only transformer.
 *
 * @param name for people and requests, lower case
 * @param architecture its family
 * @param layers how many blocks
 * @param hidden width of the residual stream
 * @param heads query heads
 * @param keyValueHeads key and value heads; they divide the query heads
 * @param headDimension width of a head, even
 * @param feedForward width of the feed-forward layer
 * @param vocabulary tokens
 * @param context tokens that it was trained for
 * @param normEpsilon of every RMS norm
 * @param normOffset added to norm weights as stored: 1 for Gemma from safetensors, else 0
 * @param attentionScale what queries times keys are multiplied with
 * @param embeddingScale what embeddings are multiplied with
 * @param slidingWindow tokens that a local layer sees; 0 where all layers are global
 * @param slidingPattern the last of so many layers is global, the others are local; 0: all global
 * @param rope position embedding
 */
record ModelConfig(
    String name,
    Architecture architecture,
    int layers,
    int hidden,
    int heads,
    int keyValueHeads,
    int headDimension,
    int feedForward,
    int vocabulary,
    int context,
    double normEpsilon,
    double normOffset,
    double attentionScale,
    double embeddingScale,
    int slidingWindow,
    int slidingPattern,
    Rope rope) {

  /** Bounds for what a file may claim; larger than any model known. */
  static final int MAX_LAYERS = 1024;

  static final int MAX_WIDTH = 1 << 20;
  static final int MAX_CONTEXT = 1 << 24;

  /** Checks what the parts must have in common. */
  ModelConfig {
    if (heads % keyValueHeads != 0) {
      throw new ModelFileException(
          "the model has "
              + heads
              + " query heads, which its "
              + keyValueHeads
              + " key heads do not divide; take another file");
    }
    if (headDimension % 2 != 0
        || rope.dimensions() % 2 != 0
        || rope.dimensions() < 2
        || rope.dimensions() > headDimension) {
      throw new ModelFileException(
          "the model turns "
              + rope.dimensions()
              + " of "
              + headDimension
              + " dimensions of a head, which cannot be; take another file");
    }
  }

  /** A name for requests out of any text: what cannot be in one becomes a dash. */
  static String nameOf(String text) {
    String name = text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]+", "-");
    name = name.replaceAll("^[._-]+", "");
    return name.isEmpty() ? "model" : name.substring(0, Math.min(128, name.length()));
  }

  /** Whether a layer sees its sliding window only. */
  boolean isLocal(int layer) {
    return slidingPattern > 0 && (layer + 1) % slidingPattern != 0;
  }
}
