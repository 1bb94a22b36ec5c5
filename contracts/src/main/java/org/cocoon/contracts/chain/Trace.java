package org.cocoon.contracts.chain;

import java.util.List;
import java.util.Optional;

/**
 * A transaction with everything that it caused.
 *
 * @param transaction the cause
 * @param effects one for each internal message that it sent, in that order
 */
public record Trace(ChainTransaction transaction, List<Effect> effects) {
  /**
   * A message, and what its destination did with it.
   *
   * @param message that was sent
   * @param trace what it did there; empty if that was not seen in time, or if it left the basechain
   */
  public record Effect(ChainMessage message, Optional<Trace> trace) {}

  /** Copies the list. */
  public Trace {
    effects = List.copyOf(effects);
  }

  /** Whether everything that it caused was seen. */
  public boolean isComplete() {
    return effects.stream()
        .allMatch(effect -> effect.trace().isPresent() && effect.trace().get().isComplete());
  }

  /**
   * Whether everything that it caused went well: no code refused, no message of a wallet stayed
   * unsent, nothing bounced. A transfer to an account without code counts as well.
   */
  public boolean succeeded() {
    boolean here =
        switch (transaction.outcome()) {
          case Outcome.Succeeded(int skipped) -> skipped == 0 || !isWalletsOwn();
          case Outcome.Refused(int exitCode) -> false;
          case Outcome.ActionsFailed(int resultCode) -> false;
          case Outcome.Skipped(Outcome.Reason reason) -> reason == Outcome.Reason.NO_STATE;
        };
    return here
        && effects.stream()
            .allMatch(
                effect ->
                    !effect.message().bounced()
                        && effect.trace().isPresent()
                        && effect.trace().get().succeeded());
  }

  /** A wallet skips what it cannot pay for; the contracts only answers without a value. */
  private boolean isWalletsOwn() {
    return transaction.in().filter(ChainMessage::isInternal).isEmpty();
  }
}
