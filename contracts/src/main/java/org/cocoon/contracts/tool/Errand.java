package org.cocoon.contracts.tool;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.ToncenterChain;
import org.cocoon.contracts.chain.Wallet;

/** What commands share: the terminal, the environment, and how a chain is opened and closed. */
record Errand(Screen screen, Map<String, String> environment) {
  private static final String API_KEY = "COCOON_CHAIN_API_KEY";

  /** Something to do with an open chain. */
  @FunctionalInterface
  interface Reading {
    /** Does it. */
    Screen.Page read(Chain chain) throws ToolException, ChainException, IOException;
  }

  /** What a wallet shall send. */
  @FunctionalInterface
  interface Sending {
    /** Says it; throws if there is nothing to send. */
    Order order(Chain chain, Wallet wallet) throws ToolException, ChainException, IOException;
  }

  /**
   * Messages, with what they are for.
   *
   * @param what as a sentence
   * @param details to show with it
   */
  record Order(String what, List<Outgoing> messages, Screen.Page details) {
    Order(String what, Outgoing message) {
      this(what, List.of(message), new Screen.Page());
    }

    Order(String what, Outgoing message, Screen.Page details) {
      this(what, List.of(message), details);
    }
  }

  /** Reads and shows. */
  int read(NetworkOptions network, Reading reading)
      throws ToolException, ChainException, IOException {
    try (ToncenterChain chain = network.open(Optional.ofNullable(environment.get(API_KEY)))) {
      screen.show(reading.read(chain), network.json());
      return 0;
    }
  }

  /** Sends, and shows what became of it. */
  int send(NetworkOptions network, SendOptions options, Sending sending)
      throws ToolException, ChainException, IOException {
    Wallet wallet = options.wallet(network.network());
    try (ToncenterChain chain = network.open(Optional.ofNullable(environment.get(API_KEY)))) {
      Order order = sending.order(chain, wallet);
      new Desk(chain, network, options, screen)
          .send(wallet, order.what(), order.messages(), order.details());
      return 0;
    }
  }

  static TonAddress address(String text) throws ToolException {
    try {
      return TonAddress.parse(text);
    } catch (IllegalArgumentException e) {
      throw Amounts.usage("%s", String.valueOf(e.getMessage()));
    }
  }
}
