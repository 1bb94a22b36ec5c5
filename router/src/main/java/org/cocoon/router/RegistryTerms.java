package org.cocoon.router;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Optional;
import org.cocoon.contracts.PriceBook;
import org.cocoon.link.registry.RegistryFeed;
import org.cocoon.link.registry.RegistryStanding;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a router takes from the registry besides its policy: the price book, and how it stands, for
 * status and metrics. Belongs to the event loop, but for the gauges.
 */
final class RegistryTerms {
  private static final Logger log = LoggerFactory.getLogger(RegistryTerms.class);

  private final Optional<RegistryFeed> registry;
  private final PriceBook given;
  private Optional<String> listed = Optional.empty();
  private PriceBook inForce;

  /**
   * Makes them.
   *
   * @param registry the policy's, if it is from one
   * @param given the prices where there is no registry, or none in it
   */
  RegistryTerms(Optional<RegistryFeed> registry, PriceBook given) {
    this.registry = registry;
    this.given = given;
    this.inForce = given;
  }

  /** The price book of now; read only after a change. */
  PriceBook prices() {
    Optional<String> now = registry.flatMap(feed -> feed.current().prices());
    if (!now.equals(listed)) {
      listed = now;
      inForce = now.map(PriceBook::parse).orElse(given);
      log.info(
          "event=prices_in_force from={} models={}",
          now.isPresent() ? "registry" : "options",
          inForce.models().size());
    }
    return inForce;
  }

  /** How it stands with the registry; empty where the policy is a file. */
  Optional<JsonObject> view() {
    return registry.map(feed -> view(feed.standing()));
  }

  private static JsonObject view(RegistryStanding standing) {
    JsonObject view =
        new JsonObject()
            .put("address", standing.registry().raw())
            .put("version", standing.version())
            .put("document", standing.document())
            .put("confirmed_at", standing.confirmedAt().toString())
            .put("stale", standing.stale())
            .put("endpoints", standing.endpoints())
            .put("quorum", standing.quorum())
            .put("revoked", new JsonArray(standing.revoked().stream().toList()));
    standing
        .announced()
        .ifPresent(
            coming ->
                view.put(
                    "announced",
                    new JsonObject()
                        .put("document", coming.document())
                        .put("activates_at", coming.activatesAt().toString())
                        .put("problem", coming.problem().orElse(null))));
    return view.put("problem", standing.problem().orElse(null));
  }

  /** Figures of the registry, where there is one. */
  void gauges(MeterRegistry metrics) {
    registry.ifPresent(
        feed -> {
          Gauge.builder("registry_version", feed, each -> each.standing().version())
              .register(metrics);
          Gauge.builder("registry_stale", feed, each -> each.stale() ? 1 : 0).register(metrics);
          Gauge.builder("registry_problem", feed, RegistryTerms::problem).register(metrics);
          Gauge.builder("registry_age_seconds", feed, RegistryTerms::age).register(metrics);
        });
  }

  private static int problem(RegistryFeed feed) {
    return feed.standing().problem().isPresent() ? 1 : 0;
  }

  private static double age(RegistryFeed feed) {
    return Instant.now().getEpochSecond() - feed.standing().confirmedAt().getEpochSecond();
  }
}
