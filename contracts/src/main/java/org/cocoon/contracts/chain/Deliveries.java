package org.cocoon.contracts.chain;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.cocoon.contracts.TonAddress;

/**
 * Proves what became of messages: from an account's transactions, which are complete and covered by
 * their hashes, and never from an answer to having sent something.
 */
final class Deliveries {
  /**
   * By how much a message's time must be over before it is taken for lost: a shard's block that the
   * newest state does not have yet may be this much older than that state says.
   */
  static final long LATE_SECONDS = 30;

  /** Transactions that are fetched at once. */
  private static final int PAGE = 256;

  /** The most transactions of one trace. */
  private static final int MAX_TRACED = 2_048;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(3);

  private final Timer timer;

  Deliveries(Timer timer) {
    this.timer = timer;
  }

  static Delivery find(Chain chain, SignedExternal message, long afterLt) throws ChainException {
    AccountState state = chain.account(message.wallet());
    if (state.lastLt() > afterLt) {
      // Everything up to the state above is among these, or they fail.
      for (long after = afterLt; ; ) {
        List<ChainTransaction> page = chain.transactions(message.wallet(), after, PAGE);
        for (ChainTransaction transaction : page) {
          if (isCausedBy(transaction, message)) {
            return new Delivery.Arrived(transaction);
          }
        }
        if (page.size() < PAGE) {
          break;
        }
        after = page.getLast().lt();
      }
    }
    long seqno = Wallet.seqno(state);
    if (seqno > message.seqno()) {
      return new Delivery.Superseded(seqno);
    }
    return state.seconds() >= message.validUntil() + LATE_SECONDS
        ? new Delivery.Expired(state.seconds())
        : new Delivery.Pending(state.seconds());
  }

  private static boolean isCausedBy(ChainTransaction transaction, SignedExternal message) {
    return transaction
        .in()
        .filter(in -> in.kind() == ChainMessage.Kind.EXTERNAL_IN)
        .filter(in -> Arrays.equals(in.body().hash(), message.bodyHash()))
        .isPresent();
  }

  Delivery await(Chain chain, SignedExternal message, long afterLt, Duration patience)
      throws ChainException {
    Deadline deadline = new Deadline(patience);
    while (true) {
      try {
        Delivery delivery = find(chain, message, afterLt);
        if (!(delivery instanceof Delivery.Pending) || deadline.isOver()) {
          return delivery;
        }
      } catch (ChainException e) {
        if (e.kind() != ChainException.Kind.UNREACHABLE || deadline.isOver()) {
          throw e;
        }
      }
      deadline.pause();
    }
  }

  Trace trace(Chain chain, ChainTransaction cause, Duration patience) throws ChainException {
    Deadline deadline = new Deadline(patience);
    Map<ChainMessage, ChainTransaction> found = new HashMap<>();
    while (true) {
      try {
        complete(chain, cause, found);
        Trace trace = build(cause, found);
        if (trace.isComplete() || deadline.isOver()) {
          return trace;
        }
      } catch (ChainException e) {
        if (e.kind() != ChainException.Kind.UNREACHABLE || deadline.isOver()) {
          throw e;
        }
      }
      deadline.pause();
    }
  }

  /** Looks for every transaction that was not seen yet. */
  private static void complete(
      Chain chain, ChainTransaction cause, Map<ChainMessage, ChainTransaction> found)
      throws ChainException {
    List<ChainTransaction> open = new ArrayList<>(List.of(cause));
    while (!open.isEmpty()) {
      ChainTransaction next = open.removeLast();
      for (ChainMessage message : next.out()) {
        if (!message.isInternal() || message.destination().isEmpty()) {
          continue;
        }
        if (!found.containsKey(message)) {
          processed(chain, message.destination().get(), message)
              .ifPresent(effect -> found.put(message, effect));
        }
        if (found.size() > MAX_TRACED) {
          throw new ChainException(
              ChainException.Kind.REJECTED,
              "a message caused more than %d others".formatted(MAX_TRACED));
        }
        Optional.ofNullable(found.get(message)).ifPresent(open::add);
      }
    }
  }

  private static Optional<ChainTransaction> processed(
      Chain chain, TonAddress destination, ChainMessage message) throws ChainException {
    for (long after = message.createdLt(); ; ) {
      List<ChainTransaction> page = chain.transactions(destination, after, PAGE);
      for (ChainTransaction transaction : page) {
        if (transaction.in().filter(message::equals).isPresent()) {
          return Optional.of(transaction);
        }
      }
      if (page.size() < PAGE) {
        return Optional.empty();
      }
      after = page.getLast().lt();
    }
  }

  private static Trace build(ChainTransaction cause, Map<ChainMessage, ChainTransaction> found) {
    List<Trace.Effect> effects = new ArrayList<>();
    for (ChainMessage message : cause.out()) {
      if (message.isInternal()) {
        Optional<Trace> below =
            Optional.ofNullable(found.get(message)).map(effect -> build(effect, found));
        effects.add(new Trace.Effect(message, below));
      }
    }
    return new Trace(cause, effects);
  }

  /** When to stop, and pauses that grow. */
  private final class Deadline {
    private final long end;
    private Duration pause = FIRST_PAUSE;

    Deadline(Duration patience) {
      this.end = timer.nanoTime() + patience.toNanos();
    }

    boolean isOver() {
      return timer.nanoTime() - end >= 0;
    }

    void pause() throws ChainException {
      timer.pause(pause);
      Duration longer = pause.multipliedBy(3).dividedBy(2);
      pause = longer.compareTo(LONGEST_PAUSE) < 0 ? longer : LONGEST_PAUSE;
    }
  }
}
