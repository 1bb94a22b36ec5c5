package org.cocoon.client.sidecar;

import java.util.Optional;
import org.cocoon.client.attested.SealedSession;

/**
 * What a sidecar is started with.
 *
 * @param host where it listens
 * @param port where it listens; 0 takes a free one
 * @param session the router and whom to believe
 * @param key API key for apps that send none
 */
public record SidecarOptions(
    String host, int port, SealedSession.Options session, Optional<String> key) {}
