package org.cocoon.router.relay;

import com.google.protobuf.ByteString;
import java.util.Arrays;
import org.cocoon.link.wire.Alternative;
import org.cocoon.link.wire.Continuation;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.link.wire.Tokens;
import org.cocoon.router.request.Answer;

/**
 * Relays an answer that the router reads: another worker goes on from its token ids, or from its
 * text where a worker's engine does not tell ids.
 */
final class PlainRelay extends Relay {
  /**
   * Text of an answer for each of its tokens, at most; vocabularies have pieces up to about 500.
   */
  static final int MOST_BYTES_PER_TOKEN = 1024;

  /** Stands for the id of a token whose id an engine does not tell; 4294967295 on the wire. */
  static final int UNKNOWN_ID = -1;

  /** What top_logprobs can be. */
  private static final int MOST_ALTERNATIVES = 20;

  private final int choice;
  private final boolean logprobs;
  private int[] ids = new int[64];
  private int idsCount;
  private byte[] text = new byte[256];
  private int textBytes;

  /**
   * Relays to this answer.
   *
   * @param choice which of the request's answers it is, from 0
   * @param logprobs whether log probabilities were asked for
   */
  PlainRelay(Answer answer, int choice, boolean logprobs) {
    super(answer);
    this.choice = choice;
    this.logprobs = logprobs;
  }

  @Override
  int fresh(Tokens tokens) {
    return tokens.getIdsCount();
  }

  @Override
  boolean fits(Tokens tokens, int tokensThen) {
    ByteString text = tokens.getText();
    return text.size() <= (long) MOST_BYTES_PER_TOKEN * tokensThen - textBytes
        && text.isValidUtf8()
        && tokens.getSealed().isEmpty()
        && tokens.getSealedCount() == 0
        && (comesWithoutIds() || idsAreKnown(tokens))
        && (tokens.getLogprobsCount() == 0 || (logprobs && logprobsFit(tokens)));
  }

  private static boolean idsAreKnown(Tokens tokens) {
    for (int i = 0; i < tokens.getIdsCount(); i++) {
      if (tokens.getIds(i) == UNKNOWN_ID) {
        return false;
      }
    }
    return true;
  }

  private static boolean logprobsFit(Tokens tokens) {
    if (tokens.getLogprobsCount() > tokens.getIdsCount()) {
      return false;
    }
    for (TokenLogprob token : tokens.getLogprobsList()) {
      if (token.getPiece().size() > MOST_BYTES_PER_TOKEN
          || token.getTopCount() > MOST_ALTERNATIVES) {
        return false;
      }
      for (Alternative alternative : token.getTopList()) {
        if (alternative.getPiece().size() > MOST_BYTES_PER_TOKEN) {
          return false;
        }
      }
    }
    return true;
  }

  @Override
  void keep(Tokens tokens, int tokensBefore) {
    int fresh = tokens.getIdsCount();
    if (tokensBefore + fresh > ids.length) {
      ids = Arrays.copyOf(ids, Math.max(ids.length * 2, tokensBefore + fresh));
    }
    for (int i = 0; i < fresh; i++) {
      ids[tokensBefore + i] = tokens.getIds(i);
    }
    idsCount = tokensBefore + fresh;
    ByteString more = tokens.getText();
    if (textBytes + more.size() > text.length) {
      text = Arrays.copyOf(text, Math.max(text.length * 2, textBytes + more.size()));
    }
    more.copyTo(text, textBytes);
    textBytes += more.size();
  }

  @Override
  void show(Tokens tokens, Answer to) {
    to.text(choice, tokens.getText().toByteArray(), tokens.getIdsCount(), tokens.getLogprobsList());
  }

  @Override
  Continuation soFar(boolean withText) {
    Continuation.Builder builder = Continuation.newBuilder().setTextBytes(textBytes);
    if (withText) {
      builder.setText(ByteString.copyFrom(text, 0, textBytes));
    }
    for (int i = 0; i < idsCount; i++) {
      builder.addIds(ids[i]);
    }
    return builder.build();
  }
}
