package org.cocoon.router;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.cocoon.contracts.PriceBook;
import org.cocoon.link.node.EvidenceOptions;
import org.cocoon.router.settlement.SettlementOptions;
import org.jspecify.annotations.Nullable;

/**
 * What a router is told at its start.
 *
 * @param api where clients come in
 * @param link where workers attach
 * @param name for people, and stable over restarts: leased credit belongs to it
 * @param data folder for keys and the embedded PostgreSQL
 * @param postgres URL of a PostgreSQL, or null for an embedded one
 * @param evidence where its own comes from, and whose it accepts
 * @param demo whether a funded demo account is made
 * @param strict whether unknown request fields are refused
 * @param maxInFlightPerKey requests that one account may have running
 * @param tls certificate and key of the API, or null for plain HTTP (behind a proxy, or on
 *     loopback)
 * @param attested where clients come in that verify this router's evidence, or null for nowhere
 * @param unsealedKeys whether keys may lie in clear where the TEE cannot seal
 * @param prices of all models
 * @param newReceiptKey whether a receipt key that cannot be opened is given up for a new one
 * @param chain where it settles, or null: the ledger is the operator's word alone
 */
public record RouterOptions(
    Endpoint api,
    Endpoint link,
    String name,
    Path data,
    @Nullable String postgres,
    EvidenceOptions evidence,
    boolean demo,
    boolean strict,
    int maxInFlightPerKey,
    @Nullable Tls tls,
    @Nullable Endpoint attested,
    boolean unsealedKeys,
    PriceBook prices,
    boolean newReceiptKey,
    @Nullable ChainAccess chain) {

  /**
   * PEM files for HTTPS.
   *
   * @param certificate the chain, leaf first
   * @param key PKCS#8
   */
  public record Tls(Path certificate, Path key) {}

  /**
   * How the router settles on a chain.
   *
   * @param endpoints of toncenter's HTTP API, each ending with {@code /api/v2}
   * @param apiKey for them, or null
   * @param settle whether this router deploys and settles; otherwise it joins what another router
   *     of the same ledger settles
   * @param operatorKey file of the wallet's key; made if it is missing
   * @param settlement how it settles
   */
  public record ChainAccess(
      List<URI> endpoints,
      @Nullable String apiKey,
      boolean settle,
      Path operatorKey,
      SettlementOptions settlement) {
    /** Copies the list. */
    public ChainAccess {
      endpoints = List.copyOf(endpoints);
      if (endpoints.isEmpty()) {
        throw new IllegalArgumentException("--chain: at least one URL");
      }
    }
  }

  /** A host and a port to listen on; port 0 takes a free one. */
  public record Endpoint(String host, int port) {
    /** Parses {@code HOST:PORT}, {@code [v6]:PORT} or {@code PORT}. */
    public static Endpoint parse(String text) {
      int colon = text.lastIndexOf(':');
      String host = colon < 0 ? "127.0.0.1" : text.substring(0, colon);
      if (host.startsWith("[") && host.endsWith("]")) {
        host = host.substring(1, host.length() - 1);
      }
      try {
        int port = Integer.parseInt(text.substring(colon + 1));
        if (port >= 0 && port <= 65_535 && !host.isEmpty()) {
          return new Endpoint(host, port);
        }
      } catch (NumberFormatException e) {
        // said below
      }
      throw new IllegalArgumentException(
          "'%s' is no HOST:PORT, such as 127.0.0.1:8080".formatted(text));
    }

    @Override
    public String toString() {
      return host + ":" + port;
    }
  }
}
