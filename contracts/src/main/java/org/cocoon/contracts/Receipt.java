package org.cocoon.contracts;

import java.util.UUID;

/**
 * What a router states about one request: what was used and what was charged.
 *
 * @param requestId the request
 * @param accountId whose account
 * @param model its name, at most 255 bytes of UTF-8
 * @param promptTokens tokens of the prompt
 * @param completionTokens tokens delivered
 * @param cost charged
 * @param chargedAtMillis when, in milliseconds since the Unix epoch
 * @param routerKey the router's Ed25519 public key, 32 bytes
 * @param signature Ed25519 (RFC 8032) over {@link #statement()}, 64 bytes
 */
public record Receipt(
    UUID requestId,
    long accountId,
    String model,
    long promptTokens,
    long completionTokens,
    NanoTon cost,
    long chargedAtMillis,
    byte[] routerKey,
    byte[] signature) {

  /** The bytes that are signed. */
  public byte[] statement() {
    return new byte[0];
  }
}
