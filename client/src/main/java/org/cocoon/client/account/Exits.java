package org.cocoon.client.account;

import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import org.cocoon.client.CocoonException;
import org.cocoon.client.Json;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Release;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChainTransaction;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.FeeSchedule;
import org.cocoon.contracts.chain.Outgoing;

/** The ways out of a channel: with the router's leave at once, or alone after the delay. */
final class Exits {
  static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final String RELEASE = "release ";

  private final AccountCommand command;
  private final RouterDesk desk;
  private final OwnChannel own;
  private final Transfers transfers;

  Exits(AccountCommand command, RouterDesk desk, OwnChannel own, AccountFolder folder) {
    this.command = command;
    this.desk = desk;
    this.own = own;
    this.transfers = new Transfers(command, desk.chain(), own.wallet(), folder, PATIENCE);
  }

  private static long query() {
    return new SecureRandom().nextLong() & Long.MAX_VALUE;
  }

  /**
   * Asks the router for its leave, and uses it.
   *
   * @param amount empty: everything
   * @param closes whether the channel closes
   */
  int together(Optional<NanoTon> amount, boolean closes) throws IOException, ChainException {
    Optional<ChainTransaction> before = transfers.resume(RELEASE);
    if (before.isPresent()) {
      command.step(
          "this was sent before, by a command that was interrupted; nothing more was asked");
      return paidBack(own.again(desk), before.get());
    }
    Release release = leave(amount, closes);
    ChainTransaction sent =
        transfers.perform(
            RELEASE + release.toText(),
            Outgoing.to(
                own.address(),
                FeeSchedule.BASECHAIN.finish(),
                ChannelContract.release(query(), release)));
    OwnChannel after = own.again(desk);
    boolean done =
        closes
            ? after.state().status() != ChannelContract.Status.OPEN
                && after.state().locked().nanos() == 0
            : after.state().withdrawn().compareTo(release.withdrawn()) >= 0;
    if (!done) {
      throw new CommandFailure("The chain does not show it: look with `cocoon balance`.");
    }
    return paidBack(after, sent);
  }

  private Release leave(Optional<NanoTon> amount, boolean closes) {
    String body =
        Json.render(
            out -> {
              out.writeStartObject();
              out.writeStringField("kind", closes ? "close" : "channel");
              if (amount.isPresent()) {
                out.writeNumberField("amount_nanoton", amount.get().nanos());
              }
              out.writeEndObject();
            });
    Json told;
    try {
      told =
          Waiting.until(
              command,
              PATIENCE,
              "the router has claimed what it is owed and lets you out",
              () -> desk.client().call("POST", "withdrawals", Optional.of(body)));
    } catch (CocoonException e) {
      if (!RouterDesk.isGone(e)) {
        throw e;
      }
      throw new CommandFailure(
          "The router does not answer (%s). You need it not: run this with --alone; after %s the money is yours by `cocoon finish`."
              .formatted(e.getMessage(), span(own.terms().delaySeconds())));
    }
    return checked(told, amount, closes);
  }

  /** The release, where it is what was asked for; anything else is not sent. */
  private Release checked(Json told, Optional<NanoTon> amount, boolean closes) {
    Release release;
    try {
      release = Release.parse(told.at("release").text(""));
    } catch (IllegalArgumentException e) {
      throw distrusted("it is no release: " + e.getMessage());
    }
    long now = Instant.now().getEpochSecond();
    if (!release.isFor(desk.terms().networkId(), own.address(), now)) {
      throw distrusted("it is for another channel, or its time is over");
    }
    if (!release.isSignedBy(own.terms().routerKey())) {
      throw distrusted("the router's key did not sign it");
    }
    if (release.closes() != closes) {
      throw distrusted("it " + (closes ? "does not close" : "closes") + " the channel");
    }
    if (!closes && amount.isPresent()) {
      NanoTon wanted = own.state().withdrawn().plus(amount.get());
      if (release.withdrawn().compareTo(wanted) < 0) {
        throw distrusted("it is for less than you asked for");
      }
    }
    return release;
  }

  private static CommandFailure distrusted(String why) {
    return new CommandFailure(
        "What the router gave is not used: " + why + ". Run this with --alone instead.");
  }

  /** Asks the contract, which needs nobody's leave, and says from when on it can be finished. */
  int alone(Optional<NanoTon> amount) throws IOException, ChainException {
    if (own.state().status() == ChannelContract.Status.CLOSING) {
      throw new CommandFailure(
          "The channel is closing already: `cocoon finish` pays all that is left from %s on."
              .formatted(Instant.ofEpochSecond(own.state().unlockAt())));
    }
    ChainTransaction sent =
        transfers.perform(
            "withdraw %s from %s"
                .formatted(amount.map(NanoTon::toString).orElse("all"), own.address()),
            Outgoing.to(
                own.address(),
                FeeSchedule.BASECHAIN.withdraw(),
                ChannelContract.withdraw(query(), amount.orElse(NanoTon.ZERO))));
    OwnChannel after = own.again(desk);
    if (after.state().unlockAt() == 0) {
      throw new CommandFailure("The chain does not show the request: run this again.");
    }
    Instant unlock = Instant.ofEpochSecond(after.state().unlockAt());
    if (command.json) {
      command.write(
          out -> {
            out.writeStartObject();
            out.writeStringField("state", "waiting");
            out.writeStringField("status", after.state().status().name());
            out.writeNumberField("pending_nanoton", after.state().pending().nanos());
            out.writeNumberField("unlock_at", after.state().unlockAt());
            out.writeStringField("transaction", sent.hashText());
            out.writeEndObject();
          });
    } else {
      command.say(
          "The contract knows. The router may still claim what it is owed until %s; from then on `cocoon finish` pays you."
              .formatted(unlock));
      command.say("Transaction " + desk.transaction(sent.hashText()));
    }
    return 0;
  }

  /** Has the contract pay what was asked for, after its delay. */
  int finish() throws IOException, ChainException {
    ChannelContract.State state = own.state();
    boolean left = state.status() == ChannelContract.Status.CLOSED && state.locked().nanos() > 0;
    if (state.unlockAt() == 0 && !left) {
      throw new CommandFailure(
          "Nothing was asked for: `cocoon withdraw --alone` or `cocoon close --alone` does.");
    }
    long now = desk.chain().account(own.address()).seconds();
    if (now < state.unlockAt()) {
      throw new CommandFailure(
          "The delay is over at %s, in %s: run this then."
              .formatted(Instant.ofEpochSecond(state.unlockAt()), span(state.unlockAt() - now)));
    }
    ChainTransaction sent =
        transfers.perform(
            "finish " + own.address(),
            Outgoing.to(
                own.address(), FeeSchedule.BASECHAIN.finish(), ChannelContract.finish(query())));
    return paidBack(own.again(desk), sent);
  }

  private int paidBack(OwnChannel after, ChainTransaction sent) {
    // Withdrawn by an interrupted run of the same command counts as well.
    NanoTon got = after.state().withdrawn().minus(own.state().withdrawn());
    if (command.json) {
      command.write(
          out -> {
            out.writeStartObject();
            out.writeStringField("state", "paid");
            out.writeNumberField("amount_nanoton", got.nanos());
            out.writeNumberField("withdrawn_nanoton", after.state().withdrawn().nanos());
            out.writeNumberField("locked_nanoton", after.state().locked().nanos());
            out.writeStringField("status", after.state().status().name());
            out.writeStringField("transaction", sent.hashText());
            out.writeEndObject();
          });
      return 0;
    }
    command.say(
        "%s came back to the wallet, %s in all; the channel is %s and holds %s."
            .formatted(
                got,
                after.state().withdrawn(),
                after.state().status().name().toLowerCase(Locale.ROOT),
                after.state().locked()));
    if (after.state().status() == ChannelContract.Status.CLOSING) {
      command.say(
          "It takes no deposit until it is closed: `cocoon finish` does that from %s on; nothing of yours waits for it."
              .formatted(Instant.ofEpochSecond(after.state().unlockAt())));
    }
    command.say("Transaction " + desk.transaction(sent.hashText()));
    return 0;
  }

  private static String span(long seconds) {
    return seconds < 7_200 ? seconds / 60 + " min" : seconds / 3_600 + " h";
  }
}
