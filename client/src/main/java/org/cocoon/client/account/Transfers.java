package org.cocoon.client.account;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.cocoon.client.Json;
import org.cocoon.client.pay.DurableFile;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.AccountState;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChainTransaction;
import org.cocoon.contracts.chain.Delivery;
import org.cocoon.contracts.chain.Outcome;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SignedExternal;
import org.cocoon.contracts.chain.Trace;
import org.cocoon.contracts.chain.Wallet;

/**
 * Sends from a wallet, once, and waits until the chain shows what became of it. What was signed is
 * on the disk before it is sent: a command that was interrupted goes on where it was when it is run
 * again, and nothing is sent twice.
 */
final class Transfers {
  private static final long VALID_SECONDS = 120;
  private static final Duration SLICE = Duration.ofSeconds(5);
  private static final int MAX_FILE_BYTES = 1 << 20;

  /** What the wallet keeps for its own gas and the messages' way. */
  private static final NanoTon WALLET_FEES = new NanoTon(20_000_000);

  private final AccountCommand command;
  private final Chain chain;
  private final Wallet wallet;
  private final Path file;
  private final Duration patience;

  /** What was signed and may have been sent. */
  private record Sent(String purpose, SignedExternal message, long afterLt) {}

  Transfers(
      AccountCommand command, Chain chain, Wallet wallet, AccountFolder folder, Duration patience) {
    this.command = command;
    this.chain = chain;
    this.wallet = wallet;
    this.file = folder.file("sent-%d.json".formatted(chain.networkId()));
    this.patience = patience;
  }

  /**
   * Has the wallet send something, and everything that it causes done.
   *
   * @param purpose names it: the same again continues what was not finished
   * @return the wallet's transaction
   * @throws CommandFailure if it failed, or if it is not known yet
   */
  ChainTransaction perform(String purpose, Outgoing outgoing) throws IOException, ChainException {
    Optional<Sent> before = read();
    if (before.isPresent()) {
      Optional<ChainTransaction> arrived = finish(before.get());
      if (arrived.isPresent() && before.get().purpose.equals(purpose)) {
        command.step("it was sent before, and has arrived");
        return arrived.get();
      }
    }
    AccountState state = chain.account(wallet.address());
    NanoTon needed = outgoing.value().plus(WALLET_FEES);
    if (state.balance().compareTo(needed) < 0) {
      throw new CommandFailure(
          "The wallet %s has %s, and this needs %s, most of the fees come back: add %s first."
              .formatted(
                  wallet.address().toFriendly(false, chain.networkId() != -239),
                  state.balance(),
                  needed,
                  needed.minus(state.balance())));
    }
    SignedExternal message =
        wallet.prepare(List.of(outgoing), Wallet.seqno(state), state.seconds() + VALID_SECONDS);
    Sent sent = new Sent(purpose, message, state.lastLt());
    write(sent);
    chain.send(message.boc());
    command.step(
        "sent %s from the wallet; waiting until the chain shows it".formatted(outgoing.value()));
    return finish(sent)
        .orElseThrow(
            () ->
                new CommandFailure(
                    "The message did not arrive in time and never will: run this again."));
  }

  /** Finishes what an interrupted command of this kind began; empty if there is no such thing. */
  Optional<ChainTransaction> resume(String purposePrefix) throws IOException, ChainException {
    Optional<Sent> before = read();
    return before.isPresent() && before.get().purpose.startsWith(purposePrefix)
        ? finish(before.get())
        : Optional.empty();
  }

  /** Waits for what was sent; empty if it never arrives. */
  private Optional<ChainTransaction> finish(Sent sent) throws IOException, ChainException {
    Delivery delivery = await(sent);
    return switch (delivery) {
      case Delivery.Arrived(ChainTransaction transaction) -> {
        follow(transaction);
        Files.deleteIfExists(file);
        yield Optional.of(transaction);
      }
      case Delivery.Expired expired -> {
        Files.deleteIfExists(file);
        yield Optional.empty();
      }
      case Delivery.Superseded other -> {
        Files.deleteIfExists(file);
        yield Optional.empty();
      }
      case Delivery.Pending pending ->
          throw new CommandFailure(
              "Not known yet whether the chain takes it: run the same command again, and it goes on"
                  + " from here without sending twice.");
    };
  }

  private Delivery await(Sent sent) throws ChainException {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      Delivery delivery = Wallet.await(chain, sent.message, sent.afterLt, SLICE);
      if (!(delivery instanceof Delivery.Pending) || System.nanoTime() - end > 0) {
        return delivery;
      }
      command.step("still waiting for the wallet's transaction");
    }
  }

  private void follow(ChainTransaction transaction) throws IOException, ChainException {
    long end = System.nanoTime() + patience.toNanos();
    Trace trace = Wallet.trace(chain, transaction, SLICE);
    while (!trace.isComplete() && System.nanoTime() - end < 0) {
      command.step("the wallet sent it; still waiting for the contracts");
      trace = Wallet.trace(chain, transaction, SLICE);
    }
    if (!trace.isComplete()) {
      throw new CommandFailure(
          "The wallet sent it, and the contracts have not answered yet: run the same command again,"
              + " and it goes on from here without sending twice.");
    }
    if (!transaction.succeeded() || !trace.succeeded()) {
      Files.deleteIfExists(file);
      throw new CommandFailure("It was refused, nothing has changed but fees: " + refusal(trace));
    }
  }

  /** The first refusal in a trace, in words. */
  private static String refusal(Trace trace) {
    String here =
        switch (trace.transaction().outcome()) {
          case Outcome.Succeeded(int skipped) ->
              skipped == 0 ? "" : "the wallet could not pay for the message";
          case Outcome.Refused(int code) ->
              "exit code %d (%s)".formatted(code, ExitCodes.word(code));
          case Outcome.ActionsFailed(int code) ->
              code == 37 ? "not enough Toncoin" : "action result " + code;
          case Outcome.Skipped(Outcome.Reason reason) ->
              reason == Outcome.Reason.NO_STATE ? "" : "no code ran: " + reason;
        };
    if (!here.isEmpty()) {
      return here + " at " + trace.transaction().account() + ".";
    }
    for (Trace.Effect effect : trace.effects()) {
      if (effect.trace().isPresent()) {
        String below = refusal(effect.trace().get());
        if (!below.isEmpty()) {
          return below;
        }
      }
    }
    return "";
  }

  // ------------------------------------------------------------------ the file

  private Optional<Sent> read() throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    if (Files.size(file) > MAX_FILE_BYTES) {
      throw new IOException(file + " is too long for a message");
    }
    byte[] bytes = Files.readAllBytes(file);
    Json json = Json.parse(bytes, bytes.length);
    try {
      TonAddress from = TonAddress.parse(json.at("wallet").text(""));
      if (!from.equals(wallet.address())) {
        throw new CommandFailure(
            "%s is of another wallet, %s: finish there what was begun, or remove the file."
                .formatted(file, from));
      }
      HexFormat hex = HexFormat.of();
      SignedExternal message =
          new SignedExternal(
              from,
              Base64.getDecoder().decode(json.at("boc").text("")),
              hex.parseHex(json.at("hash").text("")),
              hex.parseHex(json.at("body_hash").text("")),
              json.at("seqno").number(-1),
              json.at("valid_until").number(-1),
              1);
      return Optional.of(
          new Sent(json.at("purpose").text(""), message, json.at("after_lt").number(0)));
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " is damaged: look at the wallet, then remove it", e);
    }
  }

  private void write(Sent sent) throws IOException {
    HexFormat hex = HexFormat.of();
    String json =
        Json.render(
            out -> {
              out.writeStartObject();
              out.writeStringField("purpose", sent.purpose);
              out.writeStringField("wallet", sent.message.wallet().toString());
              out.writeStringField("boc", Base64.getEncoder().encodeToString(sent.message.boc()));
              out.writeStringField("hash", hex.formatHex(sent.message.hash()));
              out.writeStringField("body_hash", hex.formatHex(sent.message.bodyHash()));
              out.writeNumberField("seqno", sent.message.seqno());
              out.writeNumberField("valid_until", sent.message.validUntil());
              out.writeNumberField("after_lt", sent.afterLt);
              out.writeEndObject();
            });
    DurableFile.replace(file, json.getBytes(StandardCharsets.UTF_8));
  }
}
