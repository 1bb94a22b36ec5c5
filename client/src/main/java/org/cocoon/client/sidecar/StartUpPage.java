package org.cocoon.client.sidecar;

import java.io.PrintStream;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.cocoon.client.attested.Attestation;
import org.cocoon.client.attested.PeerEvidence;
import org.cocoon.client.attested.RouterReply;
import org.cocoon.client.attested.SealedException;

/** What a person sees when the sidecar starts: what is verified, and how to use it. */
final class StartUpPage {
  private final PrintStream out;

  StartUpPage(PrintStream out) {
    this.out = out;
  }

  void print(Sidecar sidecar, SidecarOptions options) {
    String base = "http://" + bracketed(options.host()) + ":" + sidecar.port();
    line("router", options.session().router().toString());
    Optional<String> problem = verify(sidecar, options);
    Attestation attestation = sidecar.attestation().join();
    attestation.evidence().ifPresent(this::router);
    problem.ifPresent(sentence -> line("PROBLEM", sentence));
    attestation.models().forEach(this::model);
    if (attestation.simulated()) {
      line("SIMULATED", "this evidence comes from a simulated TEE: it protects nothing");
    }
    line("policy", options.session().policy().words() + " (" + attestation.policy() + ")");
    line("base URL", base + "/v1");
    line("verified", base + "/attestation");
    line("stop", "Ctrl-C");
    out.flush();
  }

  private static String bracketed(String host) {
    return host.contains(":") ? "[" + host + "]" : host;
  }

  private void line(String word, String text) {
    out.printf("  %-10s %s%n", word, text);
  }

  private void router(PeerEvidence evidence) {
    line("", "verified: image " + evidence.verdict().imageHash());
    line("", "TCB status: " + evidence.tcbStatus());
  }

  private void model(Attestation.ModelKey model) {
    line("sealed to", "group key " + model.keyId() + " of " + model.model());
    line(
        "",
        "epoch %d, until %s; its key manager is verified: image %s"
            .formatted(model.epoch(), model.end(), model.manager().verdict().imageHash()));
  }

  /** Verifies the router and the group key of its first model; tells what stands in the way. */
  private static Optional<String> verify(Sidecar sidecar, SidecarOptions options) {
    try {
      RouterReply models = sidecar.ask("/v1/models", options.key()).join();
      Optional<String> first = models.firstModel();
      first.ifPresent(model -> sidecar.verify(model, options.key()).join());
      return models.ok()
          ? Optional.empty()
          : Optional.of("the router lists no models: " + models.failureMessage());
    } catch (CompletionException e) {
      return Optional.of(
          e.getCause() instanceof SealedException known
              ? known.failure().message()
              : String.valueOf(e.getMessage()));
    }
  }
}
