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
public record ChainPlaces(
    List<URI> endpoints, String explorerAddress, String explorerTransaction) {
  /** None told. */
  public static final ChainPlaces NONE = new ChainPlaces(List.of(), "", "");

  /** Copies the list. */
  public ChainPlaces {
    endpoints = List.copyOf(endpoints);
  }
}
