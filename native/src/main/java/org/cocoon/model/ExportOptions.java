package org.cocoon.model;

/**
 * What an export shall be.
 *
 * @param compute the type of caches, matrix products and attention: FLOAT16, BFLOAT16 or FLOAT32
 * @param int4 whether matrices are stored as INT4 with a scale for each block of 32
 * @param context tokens that a sequence can have; 0 for what the model was trained for
 * @param candidates most likely tokens that the graph picks out itself; 0 for none
 * @param name the model's name; empty for that of its file
 * @param revision the part of its identity before the hash
 */
public record ExportOptions(
    OnnxType compute, boolean int4, int context, int candidates, String name, String revision) {

  /** What most want: half precision and 64 candidates. */
  public static final ExportOptions DEFAULT =
      new ExportOptions(OnnxType.FLOAT16, false, 0, 64, "", "file");

  private static final String LABEL = "[a-z0-9][a-z0-9._-]{0,127}";

  /** Checks what can be checked without the model. */
  public ExportOptions {
    if (compute == OnnxType.INT4 || compute == OnnxType.INT32 || compute == OnnxType.INT64) {
      throw new ModelFileException("a graph computes in float16, bfloat16 or float32");
    }
    if (int4 && compute != OnnxType.FLOAT16) {
      throw new ModelFileException("INT4 weights go with float16 only");
    }
    if (context < 0 || context > ModelConfig.MAX_CONTEXT || candidates < 0) {
      throw new ModelFileException("context and candidates must not be negative or absurd");
    }
    if ((!name.isEmpty() && !name.matches(LABEL)) || !revision.matches(LABEL)) {
      throw new ModelFileException(
          "a name and a revision have lower-case letters, digits, '.', '_' and '-' only");
    }
  }
}
