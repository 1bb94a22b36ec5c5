package org.cocoon.router.edge;

import java.net.URI;
import java.util.List;

/**
 * Where clients find the chain that a router settles on, as its operator says; they check there
 * what the router says.
 *
 * @param endpoints of toncenter's interface, each ending with {@code /api/v2}
 * @param explorerAddress page of an account, with {@code {address}} in it; may be empty
 * @param explorerTransaction page of a transaction, with {@code {hash}} in it; may be empty
 */
public record ChainPlaces(List<URI> endpoints, String explorerAddress, String explorerTransaction) {
  private static final int MAIN = -239;
  private static final int TEST = -3;
  private static final String API = "/api/v2";

  /** None told. */
  public static final ChainPlaces NONE = new ChainPlaces(List.of(), "", "");

  /** The public explorers of public networks, and the devnet's own, which is where its API is. */
  public static ChainPlaces of(int networkId, List<URI> endpoints) {
    String own = endpoints.getFirst().toString();
    return switch (networkId) {
      case MAIN ->
          new ChainPlaces(
              endpoints,
              "https://tonviewer.com/{address}",
              "https://tonviewer.com/transaction/{hash}");
      case TEST ->
          new ChainPlaces(
              endpoints,
              "https://testnet.tonviewer.com/{address}",
              "https://testnet.tonviewer.com/transaction/{hash}");
      default -> {
        String page = own.endsWith(API) ? own.substring(0, own.length() - API.length()) : own;
        yield new ChainPlaces(endpoints, page + "/account/{address}", page + "/tx/{hash}");
      }
    };
  }

  /** Copies the list. */
  public ChainPlaces {
    endpoints = List.copyOf(endpoints);
  }
}
