package org.cocoon.client.account;

import java.io.IOException;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.cocoon.client.CocoonClient;
import org.cocoon.client.CocoonException;
import org.cocoon.client.Json;
import org.cocoon.client.pay.RouterTerms;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.AccountState;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.ContractCode;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.chain.ToncenterChain;

/** A router, where it settles, and the chain on which that is checked. Blocks. */
final class RouterDesk implements AutoCloseable {
  private final CocoonClient client;
  private final RouterTerms terms;
  private final ToncenterChain chain;

  private RouterDesk(CocoonClient client, RouterTerms terms, ToncenterChain chain) {
    this.client = client;
    this.terms = terms;
    this.chain = chain;
  }

  /** Asks the router where it settles, and remembers that for the day when it is gone. */
  static RouterDesk open(AccountCommand command, Optional<String> key) throws IOException {
    CocoonClient client = command.options.client(command.command(), command.environment, key);
    try {
      Json network = client.call("GET", "network", Optional.empty()).body();
      RouterTerms terms = terms(network);
      new KnownRouter(command, client).remember(network);
      return at(command, client, terms);
    } catch (IOException | RuntimeException e) {
      client.close();
      throw e;
    }
  }

  /** The same without the router: as it was when it was last asked. */
  static RouterDesk openAlone(AccountCommand command) throws IOException {
    CocoonClient client =
        command.options.client(command.command(), command.environment, Optional.empty());
    try {
      return at(command, client, terms(new KnownRouter(command, client).recall()));
    } catch (IOException | RuntimeException e) {
      client.close();
      throw e;
    }
  }

  /** The router if it answers, otherwise what is known of it. */
  static RouterDesk openOrAlone(AccountCommand command) throws IOException {
    try {
      return open(command, Optional.empty());
    } catch (CocoonException e) {
      if (!isGone(e)) {
        throw e;
      }
      command.step("the router does not answer; using what it said before");
      return openAlone(command);
    }
  }

  private static RouterDesk at(AccountCommand command, CocoonClient client, RouterTerms terms) {
    List<URI> own = command.options.endpoints(command.command());
    List<URI> endpoints = own.isEmpty() ? terms.endpoints() : own;
    if (endpoints.isEmpty()) {
      throw new CommandFailure(
          "The router names no endpoint of the chain: give one with --chain URL.");
    }
    if (own.isEmpty()) {
      command.step(
          "about the chain, the endpoints that the router names are believed; --chain URL gives"
              + " your own");
    }
    try {
      return new RouterDesk(
          client,
          terms,
          new ToncenterChain(ToncenterChain.Options.of(terms.networkId(), endpoints)));
    } catch (IllegalArgumentException e) {
      throw command.misuse("--chain: " + e.getMessage());
    }
  }

  private static RouterTerms terms(Json network) {
    try {
      return RouterTerms.of(network)
          .orElseThrow(
              () ->
                  new CommandFailure(
                      "This router does not settle on a chain: its operator sees to balances."));
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new CommandFailure("Pay nothing to this router: " + e.getMessage() + ".");
    }
  }

  CocoonClient client() {
    return client;
  }

  RouterTerms terms() {
    return terms;
  }

  Chain chain() {
    return chain;
  }

  /**
   * Looks on the chain whether the router's contract is what the router says, and can be paid.
   *
   * @throws CommandFailure if not
   */
  SettlementContract.State check() throws ChainException {
    TonAddress address = terms.settlement();
    AccountState account = chain.account(address);
    if (!account.isActive() || account.code().isEmpty()) {
      throw unsafe("there is no contract at %s".formatted(address));
    }
    if (!Arrays.equals(account.code().get().hash(), ContractCode.SETTLEMENT.hash())) {
      throw unsafe("the contract at %s has another code".formatted(address));
    }
    SettlementContract.State state =
        SettlementContract.read(chain, address)
            .orElseThrow(() -> unsafe("there is no contract at %s".formatted(address)));
    if (!state.terms().equals(terms.contract())) {
      throw unsafe("the contract at %s has other terms than the router says".formatted(address));
    }
    if (!Arrays.equals(state.channelCodeHash(), ContractCode.CHANNEL.hash())) {
      throw unsafe("the contract at %s takes channels of another code".formatted(address));
    }
    if (state.status() != SettlementContract.Status.ACTIVE) {
      throw unsafe("its contract is %s and takes no new money".formatted(state.status()));
    }
    if (state.stake().compareTo(terms.contract().minStake()) < 0) {
      throw unsafe(
          "its stake is %s, below the least of %s"
              .formatted(state.stake(), terms.contract().minStake()));
    }
    return state;
  }

  private static CommandFailure unsafe(String why) {
    return new CommandFailure("Pay nothing to this router: " + why + ".");
  }

  /** The channel at an address, where it has the known code; empty if there is none. */
  Optional<ChannelContract.State> channel(ChannelContract.Terms expected) throws ChainException {
    TonAddress address = ChannelContract.address(expected);
    AccountState account = chain.account(address);
    if (!account.isActive()) {
      return Optional.empty();
    }
    Optional<ChannelContract.State> state = ChannelContract.read(chain, address);
    if (state.isPresent() && !state.get().terms().equals(expected)) {
      throw new ChainException(
          ChainException.Kind.INCONSISTENT, address + " says other terms than its address");
    }
    return state;
  }

  /** The account as the router has it. */
  Json account() {
    return client.call("GET", "account", Optional.empty()).body();
  }

  /** Where an explorer shows a transaction, or its hash where there is none. */
  String transaction(String hash) {
    return terms.explorerTransaction().isEmpty()
        ? hash
        : terms.explorerTransaction().replace("{hash}", hash);
  }

  /** What to say where a router is gone. */
  static boolean isGone(CocoonException e) {
    return e.kind() == CocoonException.Kind.UNREACHABLE
        || e.kind() == CocoonException.Kind.TIMED_OUT
        || e.kind() == CocoonException.Kind.FAILED;
  }

  @Override
  public void close() {
    client.close();
    chain.close();
  }
}
