package org.cocoon.router.settlement;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.chain.AccountState;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.Delivery;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SignedExternal;
import org.cocoon.contracts.chain.Wallet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends messages of the operator's wallet so that each does its work at most once, whenever this
 * process dies: a message is stored before it is sent, and nothing else is sent until it is certain
 * what became of it. The states are in {@link OutboxStore}. One thread; blocks.
 */
final class Outbox {
  private static final Logger log = LoggerFactory.getLogger(Outbox.class);

  /** What a wallet's own transaction costs at most, and each message's way from it. */
  private static final long WALLET_NANOTON = 15_000_000;

  private static final long WAY_NANOTON = 3_000_000;

  /** Of this much less than it needs, an error is logged once in so many rounds. */
  private static final long REPEAT_NANOS = 60_000_000_000L;

  private final Chain chain;
  private final Wallet wallet;
  private final Transactions transactions;
  private final long validitySeconds;
  private final SettlementMetrics metrics;
  private long complainedNanos = System.nanoTime() - REPEAT_NANOS;

  Outbox(
      Chain chain,
      Wallet wallet,
      Transactions transactions,
      long validitySeconds,
      SettlementMetrics metrics) {
    this.chain = chain;
    this.wallet = wallet;
    this.transactions = transactions;
    this.validitySeconds = validitySeconds;
    this.metrics = metrics;
  }

  /** What belongs to a message in the database, and is written with it. */
  interface Along {
    void write(Connection connection, long outboxId) throws SQLException;
  }

  /**
   * Whether nothing is on its way: finds out what became of the last message, or sends it again.
   */
  boolean isFree() throws ChainException, SQLException {
    Optional<OutboxStore.Sent> current = transactions.run(OutboxStore::current);
    if (current.isEmpty()) {
      return true;
    }
    OutboxStore.Sent message = current.get();
    return message.arrived() ? finished(message) : resolved(message);
  }

  private boolean resolved(OutboxStore.Sent sentBefore) throws ChainException, SQLException {
    Delivery delivery = Wallet.find(chain, sentBefore.message(), sentBefore.afterLt());
    switch (delivery) {
      case Delivery.Arrived(var transaction) -> {
        transactions.run(
            connection -> {
              OutboxStore.arrived(connection, sentBefore.id(), transaction);
              return true;
            });
        log.info(
            "event=message_arrived id={} purpose=\"{}\" transaction={}",
            sentBefore.id(),
            sentBefore.purpose(),
            transaction.hashText());
        return false;
      }
      case Delivery.Expired(long seconds) -> {
        gone(sentBefore, "expired");
        return true;
      }
      case Delivery.Superseded(long seqno) -> {
        gone(sentBefore, "superseded");
        return true;
      }
      case Delivery.Pending(long seconds) -> {
        handIn(sentBefore.message(), sentBefore.purpose());
        return false;
      }
    }
  }

  private void gone(OutboxStore.Sent sentBefore, String state) throws SQLException {
    metrics.lost.increment();
    log.warn(
        "event=message_lost id={} purpose=\"{}\" state={}",
        sentBefore.id(),
        sentBefore.purpose(),
        state);
    transactions.run(
        connection -> {
          OutboxStore.end(connection, sentBefore.id(), state);
          return true;
        });
  }

  private boolean finished(OutboxStore.Sent arrived) throws SQLException {
    List<String> failures =
        transactions.run(
            connection -> {
              if (!OutboxStore.isDone(connection, arrived, ChainStore.nowSeconds(connection))) {
                return null;
              }
              OutboxStore.end(connection, arrived.id(), "done");
              return Sql.list(
                  connection,
                  "SELECT encode(destination, 'hex') || ': ' || coalesce(result, 'not seen')"
                      + " FROM outbox_effects WHERE outbox_id = ?"
                      + " AND coalesce(result, '') NOT LIKE 'Succeeded%'",
                  row -> row.getString(1),
                  arrived.id());
            });
    if (failures == null) {
      return false;
    }
    for (String failure : failures) {
      metrics.refused.increment();
      log.error(
          "event=message_refused id={} purpose=\"{}\" detail=\"{}\"",
          arrived.id(),
          arrived.purpose(),
          failure);
    }
    return true;
  }

  /**
   * Stores and sends a message. Nothing may be on its way.
   *
   * @param purpose for people, at most 255 bytes
   * @param along what is stored with it
   * @return whether the wallet had enough for it
   */
  boolean send(String purpose, List<Outgoing> outgoing, Along along)
      throws ChainException, SQLException {
    AccountState account = chain.account(wallet.address());
    long needed = WALLET_NANOTON;
    for (Outgoing each : outgoing) {
      needed = Math.addExact(needed, Math.addExact(each.value().nanos(), WAY_NANOTON));
    }
    metrics.balance.set(account.balance().nanos());
    metrics.missing.set(Math.max(0, needed - account.balance().nanos()));
    if (account.balance().nanos() < needed) {
      complain(purpose, account.balance().nanos(), needed);
      return false;
    }
    long seqno = wallet.seqno(chain);
    SignedExternal message = wallet.prepare(outgoing, seqno, account.seconds() + validitySeconds);
    transactions.run(
        connection -> {
          long id = OutboxStore.write(connection, purpose, message, account.lastLt());
          along.write(connection, id);
          return true;
        });
    log.info(
        "event=message_signed purpose=\"{}\" messages={} seqno={}",
        purpose,
        outgoing.size(),
        seqno);
    handIn(message, purpose);
    metrics.sent.increment();
    return true;
  }

  /**
   * It is stored: whatever happens here, it is sent again until it is certain what became of it.
   */
  private void handIn(SignedExternal message, String purpose) throws ChainException {
    try {
      chain.send(message.boc());
    } catch (ChainException e) {
      if (e.kind() == ChainException.Kind.UNREACHABLE) {
        throw e;
      }
      log.info("event=message_not_taken purpose=\"{}\" detail=\"{}\"", purpose, e.getMessage());
    }
  }

  private void complain(String purpose, long has, long needs) {
    if (System.nanoTime() - complainedNanos >= REPEAT_NANOS) {
      complainedNanos = System.nanoTime();
      log.error(
          "event=operator_balance_low wallet={} balance_nanoton={} needed_nanoton={}"
              + " purpose=\"{}\" detail=\"send Toncoin to the wallet; everything waits until then\"",
          wallet.address(),
          has,
          needs,
          purpose);
    }
  }
}
