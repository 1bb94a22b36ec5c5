package org.cocoon.router.edge;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.function.Supplier;
import org.cocoon.router.fleet.Fleet;
import org.cocoon.router.fleet.Worker;
import org.jspecify.annotations.Nullable;

/**
 * The evidence of this router and of the workers on its links, for whoever wants to verify it
 * without asking anybody: certificates as they were presented, with quotes and claims inside.
 *
 * <p>Belongs to the event loop.
 */
public final class AttestationView {
  /** The most certificates in one answer, of about 8 kB each. */
  private static final int MOST_WORKERS = 100;

  private final String name;
  private final Supplier<String> certificate;
  private final Supplier<String> policyDigest;
  private final List<String> simulated;
  private final Fleet fleet;

  /**
   * Makes the view.
   *
   * @param name of this router
   * @param certificate this router's own of now, base64 of the DER
   * @param policyDigest the beginning of the digest of the policy in force, hex
   * @param simulated what this router simulates
   */
  public AttestationView(
      String name,
      Supplier<String> certificate,
      Supplier<String> policyDigest,
      List<String> simulated,
      Fleet fleet) {
    this.name = name;
    this.certificate = certificate;
    this.policyDigest = policyDigest;
    this.simulated = List.copyOf(simulated);
    this.fleet = fleet;
  }

  /**
   * Body of GET /v1/attestation.
   *
   * @param worker id of the only worker that is asked for, or null for the first hundred
   */
  String json(@Nullable String worker) {
    JsonArray workers = new JsonArray();
    fleet.workers().stream()
        .filter(one -> worker == null || one.identity().id().equals(worker))
        .limit(MOST_WORKERS)
        .forEach(one -> workers.add(json(one)));
    return new JsonObject()
        .put("router", new JsonObject().put("name", name).put("certificate", certificate.get()))
        .put("workers", workers)
        .put("workers_attached", fleet.workers().size())
        .put("policy", policyDigest.get())
        .put("simulated", new JsonArray(simulated))
        .encode();
  }

  private static JsonObject json(Worker worker) {
    return new JsonObject()
        .put("id", worker.identity().id())
        .put("name", worker.identity().name())
        .put("certificate", worker.identity().certificate())
        .put("simulated", new JsonArray(worker.identity().simulated()));
  }
}
