package org.cocoon.devnet.chain;

import org.cocoon.devnet.chain.ChainException.Kind;

/**
 * What people call an account.
 *
 * @param name up to 64 characters
 * @param kind of contract, in a word, up to 32 characters; may be empty
 */
public record Label(String name, String kind) {
  private static final int MAX_NAME = 64;
  private static final int MAX_KIND = 32;

  /** Checks the lengths. */
  public Label {
    if (name.isBlank() || name.length() > MAX_NAME || kind.length() > MAX_KIND) {
      throw new ChainException(
          Kind.WRONG, "a label's name has 1 to 64 characters, its kind at most 32");
    }
  }
}
