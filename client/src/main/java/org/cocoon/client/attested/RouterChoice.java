package org.cocoon.client.attested;

import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.cocoon.link.registry.HostAndPort;
import org.cocoon.link.registry.ListedRouter;
import org.cocoon.link.registry.RegistryFeed;

/**
 * The router that a client asks, where the registry lists them.
 *
 * @param address of its attested API
 * @param key with which it must sign receipts, if the registry lists one
 */
public record RouterChoice(URI address, Optional<String> key) {

  /**
   * Picks any of those that clients can verify, so that they spread over all.
   *
   * @throws IOException a sentence, if there is none
   */
  public static RouterChoice of(RegistryFeed registry, RandomGenerator random) throws IOException {
    List<ListedRouter> routers =
        registry.current().routers().stream()
            .filter(router -> router.attested().isPresent())
            .toList();
    if (routers.isEmpty()) {
      throw new IOException(
          "the registry %s lists no router with an attested API: name one with --router"
              .formatted(registry.standing().registry()));
    }
    ListedRouter chosen = routers.get(random.nextInt(routers.size()));
    return new RouterChoice(address(chosen.attested().orElseThrow()), chosen.key());
  }

  /**
   * What the registry lists of a router that was named.
   *
   * @param address of its attested API
   */
  public static RouterChoice named(RegistryFeed registry, URI address) {
    return new RouterChoice(
        address,
        registry.current().routers().stream()
            .filter(
                router ->
                    router
                        .attested()
                        .map(RouterChoice::address)
                        .filter(listed -> listed.getAuthority().equals(address.getAuthority()))
                        .isPresent())
            .flatMap(router -> router.key().stream())
            .findFirst());
  }

  private static URI address(HostAndPort attested) {
    return URI.create("https://" + attested);
  }
}
