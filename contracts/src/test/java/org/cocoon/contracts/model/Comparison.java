package org.cocoon.contracts.model;

import static org.cocoon.contracts.model.Disagreement.check;

import java.math.BigInteger;
import java.util.List;
import org.cocoon.contracts.model.Outcome.Sending;
import org.cocoon.contracts.model.Outcome.Value;

/** Compares what the model says that a contract does with what the TVM did. */
final class Comparison {
  /** Less than this does not pay for an answer, which is then left out. */
  private static final BigInteger NO_ANSWER = BigInteger.valueOf(1_000_000);

  private Comparison() {}

  /** All that was sent is what the model says, to the nanoTON. */
  static List<Message> accepted(
      Message message, Outcome.Accepted accepted, BigInteger balance, Transaction tx) {
    check(
        !tx.aborted() && tx.exit() == 0 && tx.actionExit() == 0 && tx.skipped().isEmpty(),
        "%s is to succeed, not %s %s/%s",
        message.body(),
        tx.skipped(),
        tx.exit(),
        tx.actionExit());
    List<Sending> sendings = accepted.sendings();
    if (tx.skippedActions() == 1 && sendings.getLast().body() instanceof Body.Excesses) {
      BigInteger left = expected(sendings.getLast(), sendings, message, balance, tx);
      check(left.compareTo(NO_ANSWER) < 0, "%s nanoTON were not answered", left);
      sendings = sendings.subList(0, sendings.size() - 1);
    }
    check(tx.out().size() == sendings.size(), "%s is sent, not %s", tx.out(), accepted.sendings());
    for (int i = 0; i < sendings.size(); i++) {
      Sending sending = sendings.get(i);
      Message sent = tx.out().get(i);
      check(
          sent.to().equals(sending.to())
              && sent.from().equals(message.to())
              && sent.bounce() == sending.bounce()
              && !sent.bounced()
              && sent.body().equals(sending.body()),
          "%s is sent, not %s",
          sent,
          sending);
      check(sent.query().equals(message.query()), "query %s became %s", message, sent);
      BigInteger value = expected(sending, sendings, message, balance, tx);
      check(sent.value().equals(value), "%s is sent with %s, not %s", sent, sent.value(), value);
    }
    return tx.out();
  }

  private static BigInteger expected(
      Sending sending, List<Sending> all, Message message, BigInteger balance, Transaction tx) {
    return switch (sending.value()) {
      case Value.Exactly exactly -> exactly.amount();
      case Value.RestAnd rest ->
          message.value().subtract(tx.gasFee()).subtract(tx.sendFees()).add(rest.amount());
      case Value.AllBut kept -> {
        BigInteger others = BigInteger.ZERO;
        for (Sending other : all) {
          if (other.value() instanceof Value.Exactly exactly) {
            others = others.add(exactly.amount());
          }
        }
        yield balance
            .subtract(tx.gasFee())
            .subtract(tx.sendFees())
            .subtract(others)
            .subtract(kept.kept());
      }
    };
  }

  /** Nothing but the message itself goes back. */
  static List<Message> refused(Message message, Outcome.Refused refused, Transaction tx) {
    check(
        !tx.skipped().isEmpty() || tx.exit() == refused.exitCode(),
        "%s is to be refused with %s, not %s",
        message.body(),
        refused.exitCode(),
        tx.exit());
    check(tx.aborted(), "%s is to be refused with %s", message.body(), refused.exitCode());
    if (!tx.bounce().equals("ok")) {
      BigInteger left = message.value().subtract(tx.gasFee());
      check(
          !message.bounce() || left.compareTo(BigInteger.valueOf(2 * Fees.MESSAGE)) < 0,
          "%s nanoTON did not come back",
          left);
      check(tx.out().isEmpty(), "a refusal sends %s", tx.out());
      return List.of();
    }
    check(message.bounce() && tx.out().size() == 1, "%s came back", message);
    Message back = tx.out().getFirst();
    BigInteger value = message.value().subtract(tx.gasFee()).subtract(tx.bounceFees());
    check(
        back.bounced() && back.to().equals(message.from()) && back.value().equals(value),
        "%s came back, not %s",
        back,
        value);
    return tx.out();
  }
}
