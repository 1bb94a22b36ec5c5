package org.cocoon.router.edge;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.PriceBook;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.contracts.UsedTokens;
import org.cocoon.router.admission.Admission;
import org.cocoon.router.fleet.Fleet;
import org.cocoon.router.fleet.GroupKeyBoard;
import org.cocoon.router.fleet.ServedModel;
import org.cocoon.router.fleet.Worker;
import org.cocoon.router.path.RequestPath;
import org.jspecify.annotations.Nullable;

/** What the network tells about itself, as JSON. */
public final class NetworkView {
  private final String name;
  private final String version;
  private final String imageHash;
  private final Supplier<String> policyDigest;
  private final Supplier<Optional<JsonObject>> registry;
  private final List<String> simulated;
  private final Fleet fleet;
  private final RequestPath path;
  private final Admission admission;
  private final long startedMillis = System.currentTimeMillis();

  /**
   * Makes the view.
   *
   * @param simulated what this router simulates
   * @param imageHash of this router's own measured image, hex
   * @param policyDigest the beginning of the digest of the policy in force, hex
   * @param registry how it stands with the registry, where the policy is from there
   */
  public NetworkView(
      String name,
      String version,
      String imageHash,
      Supplier<String> policyDigest,
      Supplier<Optional<JsonObject>> registry,
      List<String> simulated,
      Fleet fleet,
      RequestPath path,
      Admission admission) {
    this.name = name;
    this.version = version;
    this.imageHash = imageHash;
    this.policyDigest = policyDigest;
    this.registry = registry;
    this.simulated = List.copyOf(simulated);
    this.fleet = fleet;
    this.path = path;
    this.admission = admission;
  }

  boolean anyWorker() {
    return fleet.workers().stream()
        .flatMap(worker -> worker.served().stream())
        .anyMatch(ServedModel::accepting);
  }

  /**
   * Body of GET /v1/network.
   *
   * @param settlement where this router settles, or null
   */
  String json(@Nullable JsonObject settlement) {
    double tokensPerSecond = fleet.workers().stream().mapToDouble(Worker::tokensPerSecond).sum();
    JsonArray workers = new JsonArray();
    fleet.workers().forEach(worker -> workers.add(worker(worker)));
    JsonArray models = new JsonArray();
    fleet.models().forEach(model -> models.add(priced(model)));
    return new JsonObject()
        .put(
            "router",
            new JsonObject()
                .put("name", name)
                .put("version", version)
                .put("uptime_seconds", (System.currentTimeMillis() - startedMillis) / 1000)
                .put("measurement", imageHash)
                .put("policy", policyDigest.get())
                .put("open_requests", path.openRequests())
                .put("waiting", path.waiting())
                .put("simulated", new JsonArray(simulated)))
        .put("workers", workers)
        .put("models", models)
        .put("settlement", settlement)
        .put("registry", registry.get().orElse(null))
        .put("tokens_per_second", Math.round(tokensPerSecond))
        .encode();
  }

  private static JsonObject worker(Worker worker) {
    JsonArray models = new JsonArray();
    for (ServedModel served : worker.served()) {
      models.add(
          new JsonObject()
              .put("name", served.model().getName())
              .put("revision", served.model().getRevision())
              .put("context_tokens", served.contextTokens())
              .put("slots", served.slots())
              .put("in_flight", served.inFlight())
              .put("state", served.breakerOpen() ? "breaker_open" : "serving"));
    }
    return new JsonObject()
        .put("name", worker.identity().name())
        .put("id", worker.identity().id())
        .put(
            "state",
            worker.breakerOpen() ? "breaker_open" : worker.state().name().toLowerCase(Locale.ROOT))
        .put("models", models)
        .put("running", worker.load().getRunning())
        .put("queued", worker.load().getQueued())
        .put("in_flight", worker.inFlight())
        .put("slots", worker.slots())
        .put("tokens_per_second", Math.round(worker.tokensPerSecond()))
        .put("coefficient", worker.coefficient())
        .put("simulated", new JsonArray(worker.identity().simulated()))
        .put("software", worker.identity().software())
        .put("attested_at", worker.identity().attestedAt().toString())
        .put("tcb_status", worker.tcbStatus())
        .put("image_hash", worker.identity().imageHash());
  }

  private JsonObject priced(String model) {
    int least = Integer.MAX_VALUE;
    int most = 0;
    Price price = admission.price(model);
    for (ServedModel worker : fleet.serving(model)) {
      least = Math.min(least, worker.coefficient());
      most = Math.max(most, worker.coefficient());
    }
    return new JsonObject()
        .put("name", model)
        .put("workers", fleet.serving(model).size())
        .put("workers_sealed", fleet.servingSealed(model).size())
        .put(
            "price_nanoton_per_1000_tokens",
            new JsonObject().put("min", thousand(model, least)).put("max", thousand(model, most)))
        .put("price_nanoton_per_million", price(price));
  }

  private long thousand(String model, int coefficient) {
    return admission.price(model).cost(UsedTokens.of(0, 1_000), coefficient).nanos();
  }

  /** Body of GET /v1/prices: the price book, and the coefficients of who is attached now. */
  String prices() {
    PriceBook book = admission.prices();
    JsonObject models = new JsonObject();
    book.models().forEach((model, price) -> models.put(model, price(price)));
    for (String model : fleet.models()) {
      JsonObject row = models.getJsonObject(model, price(book.of(model)));
      List<ServedModel> workers = fleet.serving(model);
      row.put(
          "coefficient",
          new JsonObject()
              .put("min", workers.stream().mapToInt(ServedModel::coefficient).min().orElse(0))
              .put("max", workers.stream().mapToInt(ServedModel::coefficient).max().orElse(0)));
      row.put(
          "context_tokens", workers.stream().mapToInt(ServedModel::contextTokens).max().orElse(0));
      models.put(model, row);
    }
    return new JsonObject()
        .put("unit", "nanoton_per_million_tokens")
        .put("default", price(book.otherwise()))
        .put("models", models)
        .encode();
  }

  private static JsonObject price(Price price) {
    return new JsonObject()
        .put("prompt", price.prompt())
        .put("cached_prompt", price.cachedPrompt())
        .put("completion", price.completion())
        .put("reasoning", price.reasoning());
  }

  /** Body of GET /v1/models. */
  String models() {
    JsonArray data = new JsonArray();
    fleet.models().forEach(model -> data.add(card(model)));
    return new JsonObject().put("object", "list").put("data", data).encode();
  }

  /** Body of GET /v1/models/{id}, or null where nobody serves it. */
  @Nullable String model(String model) {
    return fleet.serving(model).isEmpty() ? null : card(model).encode();
  }

  /** Body of GET /v1/group-keys: what a client verifies, and then seals its prompts to. */
  String groupKeys(String model) {
    Base64.Encoder base64 = Base64.getEncoder();
    JsonArray data = new JsonArray();
    for (GroupKeyBoard.Offer offer : fleet.groupKeys().of(model, System.currentTimeMillis())) {
      data.add(
          new JsonObject()
              .put("model", model)
              .put("key_id", offer.key().getKeyId())
              .put("epoch", offer.key().getEpoch())
              .put("not_after", offer.key().getNotAfterMillis() / 1000)
              .put("statement", base64.encodeToString(offer.statement().toByteArray())));
    }
    return new JsonObject().put("data", data).encode();
  }

  private boolean embeds(String model) {
    return fleet.serving(model).stream().anyMatch(worker -> worker.offers(List.of("embeddings")));
  }

  private JsonObject card(String model) {
    return new JsonObject()
        .put("id", model)
        .put("object", "model")
        .put("created", startedMillis / 1000)
        .put("owned_by", "cocoon")
        .put("sealed", !fleet.servingSealed(model).isEmpty())
        .put("embeddings", embeds(model));
  }

  /** Body of GET /v1/receipts/{id}. */
  String receipt(Receipt receipt) {
    Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
    ReceiptTerms terms = receipt.terms();
    return new JsonObject()
        .put("request_id", terms.requestId().toString())
        .put("model", terms.model())
        .put("prompt_tokens", terms.tokens().prompt())
        .put("cached_prompt_tokens", terms.tokens().cachedPrompt())
        .put("completion_tokens", terms.tokens().completion())
        .put("reasoning_tokens", terms.tokens().reasoning())
        .put("coefficient", terms.coefficient())
        .put("cost_nanoton", terms.cost().nanos())
        .put("charged_at_millis", terms.chargedAtMillis())
        .put("router_key", base64.encodeToString(receipt.routerKey()))
        .put("signature", base64.encodeToString(receipt.signature()))
        .put("receipt", receipt.toText())
        .encode();
  }
}
