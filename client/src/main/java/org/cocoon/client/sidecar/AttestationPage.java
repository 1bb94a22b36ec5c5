package org.cocoon.client.sidecar;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.cocoon.client.attested.Attestation;
import org.cocoon.client.attested.PeerEvidence;
import org.cocoon.link.evidence.Measurements;

/** {@code GET /attestation}: what was verified, plain words first. */
final class AttestationPage {
  private static final ObjectMapper JSON = new ObjectMapper();

  private AttestationPage() {}

  static String json(Attestation attestation) {
    ObjectNode page = JsonNodeFactory.instance.objectNode();
    page.put("summary", summary(attestation))
        .put("simulated", attestation.simulated())
        .put("confidential", attestation.confidential())
        .put("policy", attestation.policy())
        .put("requests_sealed", attestation.sealedRequests())
        .put("requests_running", attestation.running());
    ObjectNode router = page.putObject("router").put("url", attestation.router().toString());
    router.put("verified", attestation.evidence().isPresent());
    attestation.evidence().ifPresent(evidence -> describe(router, evidence));
    ObjectNode models = page.putObject("models");
    for (Attestation.ModelKey model : attestation.models()) {
      ObjectNode one = models.putObject(model.model());
      one.put("group_key", model.keyId())
          .put("epoch", model.epoch())
          .put("not_after", model.end().toString());
      describe(one.putObject("key_manager"), model.manager());
    }
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(page) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of plain values can be written", e);
    }
  }

  /** One sentence for people. */
  static String summary(Attestation attestation) {
    if (attestation.evidence().isEmpty()) {
      return "The router is not verified (yet, or no longer): no prompt is sent to it.";
    }
    if (attestation.simulated()) {
      return "Verified, but SIMULATED: the evidence comes from a simulated TEE, and protects"
          + " nothing from who runs these machines.";
    }
    return "Verified on hardware: prompts are sealed, and only workers that the key manager"
        + " attested can read them.";
  }

  private static void describe(ObjectNode out, PeerEvidence evidence) {
    Measurements measured = evidence.verdict().measurements();
    out.put("simulated", evidence.verdict().simulated())
        .put("image", evidence.verdict().imageHash())
        .put("tcb_status", evidence.tcbStatus())
        .put("certificate_key_sha256", evidence.fingerprint())
        .put("verified_at", evidence.since().toString())
        .put("evidence_until", evidence.verdict().notAfter().toString());
    out.putObject("measurements")
        .put("mrTd", measured.mrTd())
        .put("mrConfigId", measured.mrConfigId())
        .put("mrOwner", measured.mrOwner())
        .put("mrOwnerConfig", measured.mrOwnerConfig())
        .put("rtmr0", measured.rtmr0())
        .put("rtmr1", measured.rtmr1())
        .put("rtmr2", measured.rtmr2())
        .put("rtmr3", measured.rtmr3())
        .put("mrSeam", measured.mrSeam())
        .put("teeTcbSvn", measured.teeTcbSvn())
        .put("tdAttributes", "%016x".formatted(measured.tdAttributes()))
        .put("xfam", "%016x".formatted(measured.xfam()));
  }
}
