package org.cocoon.link.seal;

import org.cocoon.link.wire.PrivateTokens;

/** What came of opening one chunk of an answer. */
public sealed interface Opened {
  /**
   * It is the next chunk of this answer.
   *
   * @param tokens what it holds, without padding
   * @param last whether the answer is complete with it
   */
  record Chunk(PrivateTokens tokens, boolean last) implements Opened {
    /** Without content. */
    @Override
    public String toString() {
      return "Chunk[" + tokens.getIdsCount() + " tokens, last=" + last + "]";
    }
  }

  /**
   * It is not, and nothing of this answer opens any more.
   *
   * @param why a sentence for people, without content
   */
  record Broken(String why) implements Opened {}
}
