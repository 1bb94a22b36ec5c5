package org.cocoon.router.relay;

import org.cocoon.link.wire.Continuation;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Tokens;
import org.cocoon.router.request.Answer;

/**
 * Carries the tokens of one answer to its client, whichever worker they come from.
 *
 * <p>It counts what was delivered, which is what gets charged; remembers what another worker needs
 * to go on; and keeps the worker's credit: a worker may be {@value #WINDOW} tokens ahead of what
 * the client's connection took. A client that stops reading stops its own stream after that, and
 * nobody else's. Belongs to the event loop.
 */
public abstract sealed class Relay permits PlainRelay, SealedRelay {
  /** Tokens that a worker may send ahead of the client. */
  public static final int WINDOW = 512;

  /** Credit is given back in portions, so that grants are few. */
  static final int GRANT_AT = WINDOW / 4;

  private final Answer answer;
  private int count;
  private int owed;
  private boolean fromTextOnly;
  private boolean idsUnknown;

  Relay(Answer answer) {
    this.answer = answer;
  }

  /**
   * Relays what a run gives to this answer.
   *
   * @param choice which of the request's answers it is, from 0
   * @param memory that sealed chunks are kept in
   */
  public static Relay of(Run run, Answer answer, int choice, ChunkMemory memory) {
    return run.hasSealed()
        ? new SealedRelay(answer, memory)
        : new PlainRelay(answer, choice, run.getLogprobs());
  }

  /**
   * Says whom the next tokens come from, before a run starts.
   *
   * @param tellsNoIds whether that worker's engine knows no token ids
   */
  public final void comesFrom(boolean tellsNoIds) {
    fromTextOnly = tellsNoIds;
  }

  /** Whether the tokens that come now have no ids. */
  final boolean comesWithoutIds() {
    return fromTextOnly;
  }

  /**
   * Whether a worker could give the next token of this answer. Where some token has no id, or the
   * worker takes none, it has to go on from the text; from nothing anybody can.
   *
   * @param tellsNoIds whether the worker's engine knows no token ids
   * @param continuesText whether it goes on from text
   */
  public final boolean canGoOn(boolean tellsNoIds, boolean continuesText) {
    return !begun() || continuesText || (!tellsNoIds && !idsUnknown);
  }

  /**
   * Whether a worker may send this: within its credit and what the request pays for, and of the
   * form and size that was asked for.
   *
   * @param mostTokens that the answer may have
   */
  public final boolean allows(Tokens tokens, int mostTokens) {
    int fresh = fresh(tokens);
    return fresh >= 0
        && fresh <= WINDOW - owed
        && fresh <= mostTokens - count
        && fits(tokens, count + fresh);
  }

  /**
   * Delivers new tokens, which {@link #allows} has looked at.
   *
   * @return credit to grant to the worker now, 0 for none
   */
  public final int deliver(Tokens tokens) {
    int fresh = fresh(tokens);
    keep(tokens, count);
    count += fresh;
    owed += fresh;
    idsUnknown |= fromTextOnly;
    show(tokens, answer);
    return grantDue();
  }

  /** How many tokens a message holds; negative: more than any may. */
  abstract int fresh(Tokens tokens);

  /**
   * Whether a message has the right form, and a likely size with which there are so many tokens.
   */
  abstract boolean fits(Tokens tokens, int tokensThen);

  /** Remembers a message that comes after so many tokens. */
  abstract void keep(Tokens tokens, int tokensBefore);

  abstract void show(Tokens tokens, Answer to);

  /**
   * What another worker needs to go on.
   *
   * @param withText whether it goes on from text, not from ids
   */
  abstract Continuation soFar(boolean withText);

  /** Credit to grant now: none while the client does not take what it was sent. */
  public final int grantDue() {
    if (owed < GRANT_AT || !answer.writable()) {
      return 0;
    }
    int grant = owed;
    owed = 0;
    return grant;
  }

  /** Whether the worker stands still because the client does. */
  public final boolean heldBack() {
    return owed >= GRANT_AT && !answer.writable();
  }

  /** Tokens delivered so far. */
  public final int delivered() {
    return count;
  }

  /** Whether the client was given anything, so that another worker would have to go on from it. */
  public boolean begun() {
    return count > 0;
  }

  /** Whether another worker could go on. */
  public boolean continuable() {
    return true;
  }

  /**
   * What the worker that {@link #comesFrom} told of needs to go on; it starts with a full window of
   * credit.
   */
  public final Continuation continuation() {
    owed = 0;
    return soFar(idsUnknown || fromTextOnly);
  }

  /** Gives back what was remembered; nothing is delivered after it. */
  public void close() {}
}
