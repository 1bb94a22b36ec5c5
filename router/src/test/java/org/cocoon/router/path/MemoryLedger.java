package org.cocoon.router.path;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.contracts.UsedTokens;
import org.cocoon.router.ledger.Ledger;
import org.jspecify.annotations.Nullable;

/**
 * A ledger in memory that answers when it is told to, or not at all, and does not forgive: a hold
 * that is used twice is an error of the caller.
 */
final class MemoryLedger implements Ledger {
  static final Receipt RECEIPT =
      Receipt.sign(
          ReceiptKey.ofSeed(new byte[32]),
          new ReceiptTerms(
              ReceiptTerms.NO_NETWORK,
              null,
              new UUID(1, 2),
              1,
              "test-model",
              UsedTokens.of(1, 1),
              Price.perMillion(1),
              1000,
              NanoTon.ZERO,
              0));

  private final Random random;
  private final List<Runnable> unanswered = new ArrayList<>();
  final Map<UUID, Hold> open = new HashMap<>();
  final Map<UUID, Usage> charged = new HashMap<>();
  final Map<UUID, NanoTon> chargedOf = new HashMap<>();
  final List<UUID> refusedCharges = new ArrayList<>();
  boolean calm;

  MemoryLedger(Random random) {
    this.random = random;
  }

  /** Answers the oldest call, if one waits. */
  void answerOne() {
    if (!unanswered.isEmpty()) {
      unanswered.remove(random.nextInt(unanswered.size())).run();
    }
  }

  boolean idle() {
    return unanswered.isEmpty();
  }

  private <T> Future<T> answer(Runnable before, T outcome, @Nullable Throwable failure) {
    Promise<T> promise = Promise.promise();
    Runnable answer =
        () -> {
          before.run();
          if (failure == null) {
            promise.complete(outcome);
          } else {
            promise.fail(failure);
          }
        };
    if (random.nextBoolean()) {
      answer.run();
    } else {
      unanswered.add(answer);
    }
    return promise.future();
  }

  @Override
  public Future<Authentication> authenticate(String apiKey) {
    return Future.succeededFuture(new Authentication.Unknown());
  }

  @Override
  public Future<HoldOutcome> hold(Account account, UUID requestId, NanoTon amount) {
    assertTrue(!open.containsKey(requestId), "held twice");
    int dice = calm ? 100 : random.nextInt(100);
    if (dice < 3) {
      return answer(() -> {}, new HoldOutcome.Insufficient(new NanoTon(1)), null);
    }
    if (dice < 6) {
      return answer(() -> {}, new HoldOutcome.Unavailable(), null);
    }
    if (dice < 8) {
      return answer(() -> {}, new HoldOutcome.Unavailable(), new IllegalStateException("away"));
    }
    Hold hold = new Hold(account, requestId, amount);
    return answer(() -> open.put(requestId, hold), new HoldOutcome.Held(hold), null);
  }

  @Override
  public void release(Hold hold) {
    open.remove(hold.requestId(), hold); // releasing after a charge does nothing
  }

  @Override
  public Future<Receipt> charge(Hold hold, Usage usage) {
    assertNotNull(open.remove(hold.requestId()), "charged without an open hold");
    assertTrue(usage.cost().compareTo(hold.amount()) <= 0, "charged more than was held");
    if (!calm && random.nextInt(50) == 0) {
      refusedCharges.add(hold.requestId());
      return answer(() -> {}, RECEIPT, new IllegalStateException("refused"));
    }
    return answer(
        () -> {
          assertNull(charged.put(hold.requestId(), usage), "charged twice");
          chargedOf.put(hold.requestId(), hold.amount());
        },
        RECEIPT,
        null);
  }

  @Override
  public Future<@Nullable Receipt> receipt(Account account, UUID requestId) {
    return Future.succeededFuture(null);
  }

  @Override
  public boolean available() {
    return true;
  }
}
