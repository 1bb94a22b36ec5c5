package org.cocoon.devnet.chain;

import org.cocoon.devnet.cell.Address;
import org.jspecify.annotations.Nullable;

/**
 * A fault that shall happen.
 *
 * @param where to which messages or answers
 * @param effect what happens to them
 * @param destination only messages to this account; null: to any
 * @param probability from 0 (never) to 1 (always)
 * @param count how often at most; 0: no bound
 * @param untilSeconds time on the chain after which it stops; {@link Long#MAX_VALUE}: never
 */
public record FaultRule(
    Where where,
    Effect effect,
    @Nullable Address destination,
    double probability,
    int count,
    long untilSeconds) {
  /** What a fault befalls. */
  public enum Where {
    /** Messages from outside. */
    EXTERNAL,
    /** Messages between contracts. */
    INTERNAL,
    /** Answers of the HTTP API. */
    API
  }

  /**
   * What a fault does.
   *
   * @param kind in a word
   * @param seconds of a delay
   * @param blocks of a delay
   */
  public record Effect(Kind kind, long seconds, long blocks) {
    /** No fault. */
    public static final Effect NONE = new Effect(Kind.NONE, 0, 0);

    /** In a word. */
    public enum Kind {
      /** Nothing. */
      NONE,
      /** A message vanishes. */
      LOSE,
      /** A message comes later. */
      DELAY,
      /** An external message comes twice. */
      DOUBLE,
      /** An internal message comes back, as if it had been refused. */
      BOUNCE,
      /** The API answers 503. */
      REFUSE,
      /** The API answers as of the moment in which the rule was made. */
      STALE,
      /** The API answers with another history since that moment. */
      FORK
    }
  }

  /** Checks that the effect exists there, and the numbers. */
  public FaultRule {
    boolean fits =
        switch (effect.kind()) {
          case NONE -> false;
          case LOSE, DELAY -> where != Where.API;
          case DOUBLE -> where == Where.EXTERNAL;
          case BOUNCE -> where == Where.INTERNAL;
          case REFUSE, STALE, FORK -> where == Where.API;
        };
    if (!fits) {
      throw new ChainException(
          ChainException.Kind.WRONG,
          "external messages can be lost, delayed or doubled; internal ones lost, delayed or"
              + " bounced; the api can refuse, be stale or fork");
    }
    if (!(probability >= 0 && probability <= 1) || count < 0) {
      throw new ChainException(
          ChainException.Kind.WRONG, "a probability is from 0 to 1, a count 0 or more");
    }
    if (effect.kind() == Effect.Kind.DELAY && effect.seconds() + effect.blocks() < 1) {
      throw new ChainException(ChainException.Kind.WRONG, "a delay needs seconds or blocks");
    }
  }

  /** The rule after it was used one time more. */
  FaultRule once() {
    return new FaultRule(where, effect, destination, probability, count - 1, untilSeconds);
  }
}
