package org.cocoon.worker.control;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model as an operator names it.
 *
 * @param source a file, a folder, or a name at a server; empty: the only one there is
 * @param name in requests; empty: from the source
 * @param hash what its Merkle hash must be, 64 hexadecimal digits; empty: any
 */
public record ModelSpec(String source, String name, String hash) {
  private static final Pattern HASHED = Pattern.compile("(.+)@([0-9a-fA-F]{64})");
  private static final Pattern NAME = Pattern.compile("[\\x21-\\x7e&&[^\"\\\\]]{0,255}");

  /** Where an engine needs no model to be named. */
  public static final ModelSpec NONE = new ModelSpec("", "", "");

  /** Checks the name. */
  public ModelSpec {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "a model's name is at most 255 printable characters without spaces");
    }
  }

  /** Reads {@code SOURCE} or {@code SOURCE@HASH}. */
  public static ModelSpec parse(String text, String name) {
    Matcher hashed = HASHED.matcher(text);
    return hashed.matches()
        ? new ModelSpec(hashed.group(1), name, hashed.group(2).toLowerCase(Locale.ROOT))
        : new ModelSpec(text, name, "");
  }
}
