package org.cocoon.contracts.chain;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.cocoon.contracts.TonAddress;

/**
 * What endpoints have said before, to hold later answers against: the head, and of each account the
 * hashes of some transactions. Who contradicts it has another chain. Any thread.
 */
final class Witness {
  private static final int MAX_ACCOUNTS = 1_024;
  private static final int MAX_PER_ACCOUNT = 4_096;

  private final Map<TonAddress, NavigableMap<Long, byte[]>> accounts =
      new LinkedHashMap<>(16, 0.75f, true) {
        @java.io.Serial private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(
            Map.Entry<TonAddress, NavigableMap<Long, byte[]>> eldest) {
          return size() > MAX_ACCOUNTS;
        }
      };

  private Optional<Head> head = Optional.empty();

  /** Takes a head, unless it goes back. */
  synchronized Head head(Head next) throws ChainException, Endpoints.StaleException {
    if (head.isPresent()) {
      Head before = head.get();
      if (next.seqno() < before.seqno()) {
        throw new Endpoints.StaleException(
            "its head is block %d, and block %d was known".formatted(next.seqno(), before.seqno()));
      }
      if (next.seqno() == before.seqno() && !next.equals(before)) {
        throw inconsistent("block %d of the masterchain has two hashes".formatted(next.seqno()));
      }
    }
    head = Optional.of(next);
    return next;
  }

  /** Takes an account's last transaction, unless it goes back. */
  synchronized AccountState account(AccountState state)
      throws ChainException, Endpoints.StaleException {
    // Also one that is behind is a witness.
    compare(state);
    long last = of(state.address()).isEmpty() ? 0 : of(state.address()).lastKey();
    if (last > state.lastLt()) {
      throw new Endpoints.StaleException(
          "its last transaction of %s is %d, and %d was known"
              .formatted(state.address(), state.lastLt(), last));
    }
    return state;
  }

  /** Holds a state of another endpoint, perhaps an older one, against what is known. */
  synchronized void compare(AccountState state) throws ChainException {
    if (state.lastLt() > 0) {
      remember(state.address(), state.lastLt(), state.lastHash());
    }
  }

  /** Holds a transaction and the one before it against what is known, and what it leaves out. */
  synchronized void transaction(ChainTransaction transaction) throws ChainException {
    TonAddress account = transaction.account();
    NavigableMap<Long, byte[]> known = of(account);
    check(account, transaction.lt(), transaction.hash(), known);
    check(account, transaction.prevLt(), transaction.prevHash(), known);
    Long skipped = known.lowerKey(transaction.lt());
    if (skipped != null && skipped > transaction.prevLt()) {
      throw inconsistent(
          "transaction %d of %s, which was known, is not in its history"
              .formatted(skipped, account));
    }
  }

  /** Remembers a transaction from which an account's history can be read on. */
  synchronized void remember(TonAddress account, long lt, byte[] hash) throws ChainException {
    NavigableMap<Long, byte[]> known = of(account);
    check(account, lt, hash, known);
    known.put(lt, hash);
    if (known.size() > MAX_PER_ACCOUNT) {
      known.pollFirstEntry();
    }
  }

  /** The oldest known transaction after a time. */
  synchronized Optional<Map.Entry<Long, byte[]>> firstAfter(TonAddress account, long lt) {
    return Optional.ofNullable(of(account).higherEntry(lt));
  }

  private NavigableMap<Long, byte[]> of(TonAddress account) {
    return accounts.computeIfAbsent(account, _ -> new TreeMap<>());
  }

  private static void check(
      TonAddress account, long lt, byte[] hash, NavigableMap<Long, byte[]> known)
      throws ChainException {
    byte[] before = known.get(lt);
    if (before != null && !Arrays.equals(before, hash)) {
      throw inconsistent(
          "transaction %d of %s has two hashes, %s and %s: the chain forked, or an endpoint lies"
              .formatted(
                  lt, account, HexFormat.of().formatHex(before), HexFormat.of().formatHex(hash)));
    }
  }

  private static ChainException inconsistent(String message) {
    return new ChainException(ChainException.Kind.INCONSISTENT, message);
  }
}
