package org.cocoon.contracts.chain;

import java.util.Optional;
import java.util.function.Function;
import org.cocoon.contracts.TonAddress;

/** How contracts are asked for their state. */
final class Views {
  private Views() {}

  /** Runs a get-method and reads all that it answers; empty if there is no contract. */
  static <T> Optional<T> read(
      Chain chain,
      TonAddress address,
      String method,
      Function<StackResult, T> reader,
      StackValue... arguments)
      throws ChainException {
    StackResult result = chain.run(address, method, arguments);
    if (!result.succeeded()) {
      if (!chain.account(address).isActive()) {
        return Optional.empty();
      }
      throw new ChainException(
          ChainException.Kind.REJECTED,
          "%s at %s ended with exit code %d: another contract is there"
              .formatted(method, address, result.exitCode()));
    }
    try {
      return Optional.of(reader.apply(result));
    } catch (IllegalArgumentException e) {
      throw new ChainException(
          ChainException.Kind.INCONSISTENT,
          "%s at %s answered something else: %s".formatted(method, address, e.getMessage()),
          e);
    }
  }

  static <S extends Enum<S>> S status(S[] all, StackResult in) {
    long status = in.number();
    if (status >= all.length) {
      throw new IllegalArgumentException("unknown status " + status);
    }
    return all[(int) status];
  }
}
