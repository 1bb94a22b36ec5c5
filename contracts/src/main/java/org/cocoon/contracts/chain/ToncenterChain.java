package org.cocoon.contracts.chain;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.TonAddress;

/** A client of toncenter's HTTP interface, version 2. Any thread. */
public final class ToncenterChain implements Chain, AutoCloseable {
  private final Options options;

  /**
   * How a network is reached.
   *
   * @param networkId TON's global id
   * @param endpoints each ends with {@code /api/v2}; the first is asked first
   * @param apiKey for the header X-API-Key
   * @param requestsPerSecond that all endpoints together may get
   * @param timeout of one request
   * @param attempts at each call before it fails
   */
  public record Options(
      int networkId,
      List<URI> endpoints,
      Optional<String> apiKey,
      double requestsPerSecond,
      Duration timeout,
      int attempts) {
    /** Checks the bounds. */
    public Options {
      endpoints = List.copyOf(endpoints);
      if (endpoints.isEmpty()) {
        throw new IllegalArgumentException("endpoints: at least one");
      }
    }

    /** The usual: 10 requests in a second, 10 s for each, 5 attempts. */
    public static Options of(int networkId, List<URI> endpoints) {
      return new Options(networkId, endpoints, Optional.empty(), 10, Duration.ofSeconds(10), 5);
    }
  }

  /** A client; asks nothing yet. */
  public ToncenterChain(Options options) {
    this.options = options;
  }

  @Override
  public int networkId() {
    return options.networkId();
  }

  @Override
  public Head head() throws ChainException {
    throw new UnsupportedOperationException();
  }

  @Override
  public AccountState account(TonAddress address) throws ChainException {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<ChainTransaction> transactions(TonAddress address, long afterLt, int limit)
      throws ChainException {
    throw new UnsupportedOperationException();
  }

  @Override
  public StackResult run(TonAddress address, String method, StackValue... arguments)
      throws ChainException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void send(byte[] externalBoc) throws ChainException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
