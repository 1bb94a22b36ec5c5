package org.cocoon.client.attested;

import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a client has verified of the network behind it.
 *
 * @param router where it is
 * @param evidence of the router, from the newest handshake; empty before it, and once it was
 *     refused
 * @param models the group keys that prompts are sealed to, by name of the model
 * @param policy short digest of the policy in force
 * @param sealedRequests that were sent
 * @param running requests that run now
 */
public record Attestation(
    URI router,
    Optional<PeerEvidence> evidence,
    List<ModelKey> models,
    String policy,
    long sealedRequests,
    int running) {

  /**
   * A group key that was verified.
   *
   * @param model whose workers hold its private half
   * @param keyId names the key, 32 hexadecimal digits
   * @param epoch counts the keys of a model
   * @param end when the key, or the evidence of who vouches for it, ends
   * @param manager what was verified of the key manager that signed it
   */
  public record ModelKey(
      String model, String keyId, long epoch, Instant end, PeerEvidence manager) {}

  /** Whether some evidence is simulated, which protects nothing. */
  public boolean simulated() {
    return evidence.map(router -> router.verdict().simulated()).orElse(false)
        || models.stream().anyMatch(model -> model.manager().verdict().simulated());
  }

  /** Whether the router's evidence is verified and on hardware, and that of all key managers. */
  public boolean confidential() {
    return evidence.isPresent() && !simulated();
  }
}
