package org.cocoon.worker.uplink;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.SocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.cocoon.link.keys.HeldKeys;
import org.cocoon.link.seal.GroupKeys;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.GroupKeyStatement;
import org.cocoon.link.wire.Hello;
import org.cocoon.link.wire.Model;
import org.cocoon.link.wire.Tokens;
import org.cocoon.link.wire.Uplink;
import org.cocoon.worker.earnings.EarningsBook;
import org.cocoon.worker.engine.EngineSet;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.ServedModel;
import org.cocoon.worker.engine.StepListener;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.seal.SealedRuns;
import org.jspecify.annotations.Nullable;

/**
 * All links of a worker. Each step's outcome goes to each router as one message, whatever the
 * number of its requests.
 */
public final class Uplinks implements StepListener {
  /** Among a model's features: sealed prompts are opened. */
  private static final String SEALED = "sealed";

  /** Read by the engine's thread, changed on the links' context. */
  private final List<RouterLink> links = new CopyOnWriteArrayList<>();

  private final List<RouterLink> retired = new CopyOnWriteArrayList<>();

  private final SealedRuns sealed;
  private final @Nullable HeldKeys keys;
  private @Nullable Function<SocketAddress, RouterLink> dial;
  private long numbers;

  /** Links of a worker that opens no sealed prompts. */
  public Uplinks() {
    this.keys = null;
    this.sealed = new SealedRuns(GroupKeys.NONE);
  }

  /**
   * Links of a worker that opens sealed prompts.
   *
   * @param keys what it holds; {@link #keysChanged} tells of other statements
   */
  public Uplinks(HeldKeys keys) {
    this.keys = keys;
    this.sealed = new SealedRuns(keys);
  }

  /**
   * Dials all routers and keeps dialling.
   *
   * @param identity name, price and software version of this worker
   * @param engines what runs the requests, one for each model; their listener must be this object,
   *     by {@link #stepped}
   * @param attestation keys and evidence of this worker, and what it asks of routers
   * @param refusedForGood hears the reason when a router will never take this worker
   */
  public void start(
      Vertx vertx,
      List<SocketAddress> routers,
      Identity identity,
      EngineSet engines,
      Attestation attestation,
      Consumer<String> refusedForGood) {
    HeldKeys held = keys;
    RouterLink.Terms terms =
        new RouterLink.Terms() {
          @Override
          public Hello hello() {
            return identity.hello(engines.models());
          }

          @Override
          public Attestation attestation() {
            return attestation;
          }

          @Override
          public EngineSet engines() {
            return engines;
          }

          @Override
          public List<Model> models() {
            return engines.models().stream().map(model -> model(model, held != null)).toList();
          }

          @Override
          public String system() {
            return identity.system();
          }

          @Override
          public SealedRuns sealed() {
            return sealed;
          }

          @Override
          public List<GroupKeyStatement> groupKeys() {
            return held == null ? List.of() : held.statements();
          }

          @Override
          public @Nullable EarningsBook earnings() {
            return identity.earnings();
          }

          @Override
          public Consumer<String> refusedForGood() {
            return refusedForGood;
          }
        };
    dial = router -> new RouterLink(vertx, router, ++numbers, terms);
    attachTo(routers);
  }

  /**
   * Attaches to these routers and to no others: dials new ones, and leaves those that are not among
   * them once what they sent is done. Called by {@link #start}, and after it on the links' context.
   */
  public void attachTo(Collection<SocketAddress> routers) {
    Function<SocketAddress, RouterLink> dialling = dial;
    if (dialling == null) {
      throw new IllegalStateException("links are started first");
    }
    retired.removeIf(RouterLink::isOver);
    for (RouterLink link : List.copyOf(links)) {
      if (!routers.contains(link.router())) {
        links.remove(link);
        retired.add(link);
        link.retire();
      }
    }
    for (SocketAddress router : new LinkedHashSet<>(routers)) {
      if (links.stream().noneMatch(link -> link.router().equals(router))) {
        RouterLink link = dialling.apply(router);
        links.add(link);
        link.start();
      }
    }
  }

  /**
   * What a worker says of itself.
   *
   * @param name for people
   * @param coefficient price multiplier, 1000 = 1.0
   * @param software version of the program
   * @param simulatedTee whether its evidence is simulated
   * @param system what a conversation without a system message begins with; empty: nothing
   * @param earnings what routers owe its owner, or null where nobody is paid
   */
  public record Identity(
      String name,
      int coefficient,
      String software,
      boolean simulatedTee,
      String system,
      @Nullable EarningsBook earnings) {
    /** Without the models, but for whether one of them is simulated. */
    Hello hello(List<ServedModel> models) {
      Hello.Builder hello =
          Hello.newBuilder()
              .setMinVersion(Uplink.VERSION)
              .setMaxVersion(Uplink.VERSION)
              .setName(name)
              .setCoefficient(coefficient)
              .setSoftware(software);
      if (earnings != null) {
        hello.setPayout(earnings.payee().toString());
      }
      if (simulatedTee) {
        hello.addSimulated("tee");
      }
      if (models.stream().anyMatch(ServedModel::simulated)) {
        hello.addSimulated("engine");
      }
      return hello.build();
    }
  }

  private static Model model(ServedModel model, boolean opensSealed) {
    return Model.newBuilder()
        .setName(model.name())
        .setRevision(model.revision())
        .setContextTokens(model.contextTokens())
        .setSlots(model.slots())
        .addAllFeatures(model.features())
        .addAllFeatures(opensSealed ? List.of(SEALED) : List.of())
        .build();
  }

  private static final class Batch {
    final List<Tokens> tokens = new ArrayList<>();
    final List<Done> done = new ArrayList<>();
    final List<Failed> failed = new ArrayList<>();
  }

  @Override
  public void stepped(StepOutcome outcome) {
    Map<Long, Batch> byLink = new HashMap<>(4);
    for (Delta delta : outcome.deltas()) {
      Batch batch = batch(byLink, SealedRuns.link(delta.key()));
      if (SealedRuns.isSealed(delta.key())) {
        seal(batch, delta.key(), delta, completion(outcome, delta.key()));
      } else {
        batch.tokens.add(WireRequests.tokens(delta));
      }
    }
    for (Ended ended : outcome.ended()) {
      end(batch(byLink, SealedRuns.link(ended.key())), ended);
    }
    byLink.forEach(
        (link, batch) -> {
          RouterLink owner = owner(link);
          if (owner != null) {
            owner.send(link, batch.tokens, batch.done, batch.failed);
          }
        });
  }

  private void end(Batch batch, Ended ended) {
    boolean isSealed = SealedRuns.isSealed(ended.key());
    switch (ended) {
      case Ended.Finished finished when isSealed -> {
        if (isComplete(finished)) {
          seal(batch, finished.key(), null, finished);
        }
        batch.done.add(sealed.done(finished.key(), WireRequests.done(finished)));
      }
      case Ended.Refused refused when isSealed ->
          batch.failed.add(WireRequests.sealedFailed(refused));
      case Ended.Finished finished -> batch.done.add(WireRequests.done(finished));
      case Ended.Refused refused -> batch.failed.add(WireRequests.failed(refused));
    }
    sealed.forget(ended.key());
  }

  /** Adds the next chunk of an answer, which is the last one if the answer is complete. */
  private void seal(
      Batch batch, RunKey key, @Nullable Delta delta, Ended.@Nullable Finished completion) {
    Tokens chunk =
        sealed.seal(key, WireRequests.privateTokens(delta, completion), completion != null);
    if (chunk != null) {
      batch.tokens.add(chunk);
    }
  }

  /** How an answer is completed in this step, or null if it is not. */
  private static Ended.@Nullable Finished completion(StepOutcome outcome, RunKey key) {
    for (Ended ended : outcome.ended()) {
      if (ended instanceof Ended.Finished finished && finished.key().equals(key)) {
        return isComplete(finished) ? finished : null;
      }
    }
    return null;
  }

  /** A cancelled answer has no last chunk: whoever cancelled it cannot make it look complete. */
  private static boolean isComplete(Ended.Finished finished) {
    return finished.reason() != FinishReason.CANCELLED;
  }

  private static Batch batch(Map<Long, Batch> byLink, long link) {
    return byLink.computeIfAbsent(link, key -> new Batch());
  }

  private @Nullable RouterLink owner(long link) {
    for (List<RouterLink> some : List.of(links, retired)) {
      for (RouterLink candidate : some) {
        if (candidate.owns(link)) {
          return candidate;
        }
      }
    }
    return null;
  }

  /**
   * Ends the link over a connection whose router is no longer accepted; on the links' context.
   *
   * @param reason a constant's name, for the log
   * @param detail what was found and what would be right
   * @param drainFirst whether its runs may finish, for a bounded time
   */
  public void end(HttpConnection connection, String reason, String detail, boolean drainFirst) {
    links.forEach(link -> link.end(connection, reason, detail, drainFirst));
    retired.forEach(link -> link.end(connection, reason, detail, drainFirst));
  }

  /** Tells all routers the keys that prompts can be sealed to now; from any thread. */
  public void keysChanged() {
    links.forEach(RouterLink::keysChanged);
  }

  /**
   * Tells all routers which models are offered now; from any thread.
   *
   * @return completes when nothing is on its way any more that was sent before they heard it
   */
  public Future<Void> modelsChanged() {
    return Future.join(links.stream().map(RouterLink::modelsChanged).toList()).mapEmpty();
  }

  /** Each router by its address, and whether it is attached; from any thread. */
  public Map<String, Boolean> attached() {
    Map<String, Boolean> all = new TreeMap<>();
    links.forEach(link -> all.put(link.router().toString(), link.isUp()));
    return all;
  }

  /** How many sealed runs have not ended. */
  int sealedRuns() {
    return sealed.size();
  }

  /** Tells all routers that nothing new is taken. */
  public void drain() {
    links.forEach(RouterLink::drain);
  }

  /** Ends all links. */
  public void close() {
    links.forEach(RouterLink::close);
    retired.forEach(RouterLink::close);
  }
}
