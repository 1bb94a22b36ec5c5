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
