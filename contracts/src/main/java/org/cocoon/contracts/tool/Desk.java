package org.cocoon.contracts.tool;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.chain.AccountState;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChainTransaction;
import org.cocoon.contracts.chain.Delivery;
import org.cocoon.contracts.chain.FeeSchedule;
import org.cocoon.contracts.chain.Outcome;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SignedExternal;
import org.cocoon.contracts.chain.Trace;
import org.cocoon.contracts.chain.Wallet;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellReader;

/** Sends what a command wants sent, and tells what became of it, to the last message. */
final class Desk {
  /** A wallet takes a message for this long; the rest of the patience is for what it causes. */
  private static final long VALID_SECONDS = 120;

  /** What a wallet's own transaction takes, rounded up: 5,000 gas, and its deployment's storage. */
  private static final NanoTon WALLET_FEE = new NanoTon(6_000_000);

  private final Chain chain;
  private final NetworkOptions network;
  private final SendOptions sending;
  private final Screen screen;

  Desk(Chain chain, NetworkOptions network, SendOptions sending, Screen screen) {
    this.chain = chain;
    this.network = network;
    this.sending = sending;
    this.screen = screen;
  }

  /**
   * Sends, waits and shows.
   *
   * @param what was asked for, as a sentence
   * @param details to show with it
   */
  void send(Wallet wallet, String what, List<Outgoing> outgoing, Screen.Page details)
      throws ToolException, ChainException, IOException {
    AccountState state = chain.account(wallet.address());
    NanoTon cost = cost(outgoing);
    Screen.Page page = plan(wallet, what, outgoing, cost).putAll(details);
    if (sending.dryRun()) {
      screen.show(page.put("sent", "nothing: this was a dry run"), network.json());
      return;
    }
    if (network.network().isReal() && !sending.yes()) {
      screen.show(page, network.json());
      throw new ToolException(
          ToolException.USAGE, "this spends Toncoin with value: add --yes to send it");
    }
    if (state.balance().compareTo(cost) < 0) {
      throw new ToolException(
          ToolException.REFUSED,
          "the wallet %s has %s, and this takes up to %s: send it the rest"
              .formatted(wallet.address().toFriendly(false, isTest()), state.balance(), cost));
    }
    SignedExternal message =
        wallet.prepare(outgoing, Wallet.seqno(state), state.seconds() + VALID_SECONDS);
    screen.progress("sending: " + what);
    chain.send(message.boc());
    ChainTransaction transaction = arrived(message, state.lastLt());
    page.put("transaction", transaction.hashText());
    network.link(transaction.hashText()).ifPresent(link -> page.put("link", link));
    screen.progress("the wallet took it; waiting for what it caused");
    Trace trace = Wallet.trace(chain, transaction, Duration.ofSeconds(sending.patienceSeconds()));
    finish(message, trace, page);
  }

  private ChainTransaction arrived(SignedExternal message, long afterLt)
      throws ToolException, ChainException {
    Duration patience = Duration.ofSeconds(Math.max(sending.patienceSeconds(), VALID_SECONDS * 2));
    return switch (Wallet.await(chain, message, afterLt, patience)) {
      case Delivery.Arrived(ChainTransaction transaction) -> transaction;
      case Delivery.Expired(long _) ->
          throw new ToolException(
              ToolException.REFUSED,
              "the message was lost on its way, and its time is over: nothing happened, try again");
      case Delivery.Superseded(long seqno) ->
          throw new ToolException(
              ToolException.REFUSED,
              "somebody else used this wallet meanwhile (its number is %d now): nothing of this"
                      .formatted(seqno)
                  + " happened, try again");
      case Delivery.Pending(long _) ->
          throw new ToolException(
              ToolException.UNDECIDED,
              "the message has not arrived and may yet: look at the wallet before you try again");
    };
  }

  private void finish(SignedExternal message, Trace trace, Screen.Page page) throws ToolException {
    page.put("outcome", said(trace.transaction().outcome()));
    List<String> effects = new ArrayList<>();
    effects(trace, effects);
    page.put("effects", effects);
    boolean whole = trace.transaction().out().size() == message.messages();
    if (!trace.isComplete()) {
      screen.show(page.put("result", "not all of it has happened yet"), network.json());
      throw new ToolException(
          ToolException.UNDECIDED, "not all of it was seen in time: look at the link again later");
    }
    if (!trace.succeeded() || !whole) {
      screen.show(page.put("result", "refused"), network.json());
      throw new ToolException(
          ToolException.REFUSED,
          whole
              ? "it was refused: the value came back, less fees (exit codes are in"
                  + " contracts/tolk/src/errors.tolk)"
              : "the wallet could not pay for its messages, and sent none of those");
    }
    screen.show(page.put("result", "done"), network.json());
  }

  private static void effects(Trace trace, List<String> lines) {
    for (Trace.Effect effect : trace.effects()) {
      String to = effect.message().destination().map(Object::toString).orElse("elsewhere");
      String outcome =
          effect.trace().map(below -> said(below.transaction().outcome())).orElse("not seen yet");
      lines.add(
          "%s to %s: %s%s"
              .formatted(
                  effect.message().value(),
                  to,
                  effect.message().bounced() ? "came back, " : "",
                  outcome));
      effect.trace().ifPresent(below -> effects(below, lines));
    }
  }

  static String said(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Succeeded(int skipped) ->
          skipped == 0 ? "done" : "done, but %d messages could not be paid for".formatted(skipped);
      case Outcome.Refused(int exitCode) -> "refused with exit code " + exitCode;
      case Outcome.ActionsFailed(int code) -> "could not send its messages, result code " + code;
      case Outcome.Skipped(Outcome.Reason reason) ->
          reason == Outcome.Reason.NO_STATE ? "received" : "not run: " + reason;
    };
  }

  private Screen.Page plan(Wallet wallet, String what, List<Outgoing> outgoing, NanoTon cost)
      throws ToolException {
    List<String> messages = new ArrayList<>();
    for (Outgoing each : outgoing) {
      messages.add(
          "%s to %s%s%s"
              .formatted(
                  each.value(),
                  each.to(),
                  each.init().isPresent() ? ", with what deploys it" : "",
                  each.body().isEmpty() ? "" : ", body " + each.body()));
    }
    return new Screen.Page()
        .put("does", what)
        .put("network", network.network().name().toLowerCase(java.util.Locale.ROOT))
        .put("wallet", wallet.address().toFriendly(false, isTest()))
        .put("messages", messages)
        .put("takes_at_most", cost);
  }

  private boolean isTest() throws ToolException {
    return !network.network().isReal();
  }

  /** Everything that is attached, and what the wallet pays for itself and for the way. */
  private static NanoTon cost(List<Outgoing> outgoing) {
    NanoTon cost = WALLET_FEE;
    for (Outgoing each : outgoing) {
      Set<Cell> seen = new HashSet<>();
      long bits = count(each.body(), seen);
      if (each.init().isPresent()) {
        bits += count(each.init().get().toCell(), seen);
      }
      cost = cost.plus(each.value()).plus(FeeSchedule.BASECHAIN.forward(bits, seen.size() + 1));
    }
    return cost;
  }

  private static long count(Cell cell, Set<Cell> seen) {
    if (!seen.add(cell)) {
      return 0;
    }
    long bits = cell.bits();
    for (CellReader in = cell.read(); in.refsLeft() > 0; ) {
      bits += count(in.ref(), seen);
    }
    return bits;
  }
}
