package org.cocoon.link.registry;

import java.net.URI;
import java.util.Optional;

/**
 * A router of the network, as the registry lists it.
 *
 * @param name for people
 * @param api where clients come in
 * @param link where workers attach
 * @param attested where clients come in that verify its evidence
 * @param settlement its settlement contract
 * @param key with which it signs receipts, base64url of the 32 bytes without padding
 */
public record ListedRouter(
    String name,
    Optional<URI> api,
    Optional<HostAndPort> link,
    Optional<HostAndPort> attested,
    Optional<RegistryAddress> settlement,
    Optional<String> key) {}
