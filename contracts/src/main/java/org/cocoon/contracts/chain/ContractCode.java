package org.cocoon.contracts.chain;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.cocoon.contracts.ton.Cell;

/** The contracts' compiled code, as contracts/tolk builds it and as it is packed here. */
public final class ContractCode {
  /** Of {@link ChannelContract}. */
  public static final Cell CHANNEL = read("channel");

  /** Of {@link SettlementContract}. */
  public static final Cell SETTLEMENT = read("settlement");

  /** Of {@link RegistryContract}. */
  public static final Cell REGISTRY = read("registry");

  /**
   * Of {@link Wallet}: version 5, revision 1, as TON's wallet-contract-v5 publishes it; its hash is
   * 20834b7b72b112147e1b2fb457b84e74d1a30f04f737d4f62a668e9552d2b72f.
   */
  static final Cell WALLET = read("wallet-v5r1");

  private ContractCode() {}

  private static Cell read(String name) {
    String resource = "/org/cocoon/contracts/code/" + name + ".boc";
    try (InputStream in = ContractCode.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException(resource + " is missing: build contracts/tolk");
      }
      return Cell.fromBoc(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
