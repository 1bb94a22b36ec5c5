package org.cocoon.router.relay;

import com.google.protobuf.ByteString;
import java.util.Arrays;
import org.cocoon.link.wire.Alternative;
import org.cocoon.link.wire.Continuation;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.link.wire.Tokens;
import org.cocoon.router.request.Answer;

/**
 * Carries the tokens of one answer to its client, whichever worker they come from.
 *
 * <p>It counts what was delivered, which is what gets charged; remembers the token ids, so that
 * another worker can go on; and keeps the worker's credit: a worker may be {@value #WINDOW} tokens
 * ahead of what the client's connection took. A client that stops reading stops its own stream
 * after that, and nobody else's.
 */
public final class Relay {
  /** Tokens that a worker may send ahead of the client. */
  public static final int WINDOW = 512;

  /** Credit is given back in portions, so that grants are few. */
  static final int GRANT_AT = WINDOW / 4;

  /**
   * Text of an answer for each of its tokens, at most; vocabularies have pieces up to about 500.
   */
  static final int MOST_BYTES_PER_TOKEN = 1024;

  /** What top_logprobs can be. */
  private static final int MOST_ALTERNATIVES = 20;

  private final Answer answer;
  private int[] ids = new int[64];
  private int count;
  private int textBytes;
  private int owed;

  /** Relays to this answer. */
  public Relay(Answer answer) {
    this.answer = answer;
  }

  /**
   * Whether a worker may send this: within its credit and what the request pays for, as well-formed
   * text of a likely length, and with no log probabilities that nobody asked for.
   *
   * @param mostTokens that the answer may have
   * @param logprobs whether they were asked for
   */
  public boolean allows(Tokens tokens, int mostTokens, boolean logprobs) {
    int fresh = tokens.getIdsCount();
    ByteString text = tokens.getText();
    return owed + fresh <= WINDOW
        && fresh <= mostTokens - count
        && text.size() <= (long) MOST_BYTES_PER_TOKEN * (count + fresh) - textBytes
        && text.isValidUtf8()
        && (tokens.getLogprobsCount() == 0 || (logprobs && allows(tokens, fresh)));
  }

  private static boolean allows(Tokens tokens, int fresh) {
    if (tokens.getLogprobsCount() > fresh) {
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

  /**
   * Delivers new tokens, which {@link #allows} has looked at.
   *
   * @return credit to grant to the worker now, 0 for none
   */
  public int deliver(Tokens tokens) {
    int fresh = tokens.getIdsCount();
    if (count + fresh > ids.length) {
      ids = Arrays.copyOf(ids, Math.max(ids.length * 2, count + fresh));
    }
    for (int i = 0; i < fresh; i++) {
      ids[count++] = tokens.getIds(i);
    }
    ByteString text = tokens.getText();
    textBytes += text.size();
    owed += fresh;
    answer.text(text.toByteArray(), fresh, tokens.getLogprobsList());
    return grantDue();
  }

  /** Credit to grant now: none while the client does not take what it was sent. */
  public int grantDue() {
    if (owed < GRANT_AT || !answer.writable()) {
      return 0;
    }
    int grant = owed;
    owed = 0;
    return grant;
  }

  /** Whether the worker stands still because the client does. */
  public boolean heldBack() {
    return owed >= GRANT_AT && !answer.writable();
  }

  /** Tokens delivered so far. */
  public int delivered() {
    return count;
  }

  /** What another worker needs to go on; a new worker starts with a full window of credit. */
  public Continuation continuation() {
    owed = 0;
    Continuation.Builder builder = Continuation.newBuilder().setTextBytes(textBytes);
    for (int i = 0; i < count; i++) {
      builder.addIds(ids[i]);
    }
    return builder.build();
  }
}
