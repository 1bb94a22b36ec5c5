package org.cocoon.worker.uplink;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.Hello;
import org.cocoon.link.wire.Model;
import org.cocoon.link.wire.Tokens;
import org.cocoon.link.wire.Uplink;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.ServedModel;
import org.cocoon.worker.engine.StepListener;
import org.cocoon.worker.engine.StepOutcome;
import org.cocoon.worker.engine.StepOutcome.Delta;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.jspecify.annotations.Nullable;

/**
 * All links of a worker. Each step's outcome goes to each router as one message, whatever the
 * number of its requests.
 */
public final class Uplinks implements StepListener {
  private final List<RouterLink> links = new ArrayList<>();

  /**
   * Dials all routers and keeps dialling.
   *
   * @param identity name, price and software version of this worker
   * @param engine what runs the requests; its listener must be this object, by {@link #stepped}
   * @param attestation keys and evidence of this worker, and what it asks of routers
   * @param refusedForGood hears the reason when a router will never take this worker
   */
  public void start(
      Vertx vertx,
      List<SocketAddress> routers,
      Identity identity,
      Engine engine,
      Attestation attestation,
      Consumer<String> refusedForGood) {
    Hello hello = identity.hello(engine.model());
    RouterLink.Terms terms =
        new RouterLink.Terms() {
          @Override
          public Hello hello() {
            return hello;
          }

          @Override
          public Attestation attestation() {
            return attestation;
          }

          @Override
          public Engine engine() {
            return engine;
          }

          @Override
          public String system() {
            return identity.system();
          }

          @Override
          public Consumer<String> refusedForGood() {
            return refusedForGood;
          }
        };
    for (int i = 0; i < routers.size(); i++) {
      links.add(new RouterLink(vertx, routers.get(i), i + 1L, terms));
    }
    links.forEach(RouterLink::start);
  }

  /**
   * What a worker says of itself.
   *
   * @param name for people
   * @param coefficient price multiplier, 1000 = 1.0
   * @param software version of the program
   * @param simulatedTee whether its evidence is simulated
   * @param system what a conversation without a system message begins with; empty: nothing
   */
  public record Identity(
      String name, int coefficient, String software, boolean simulatedTee, String system) {
    Hello hello(ServedModel model) {
      Hello.Builder hello =
          Hello.newBuilder()
              .setMinVersion(Uplink.VERSION)
              .setMaxVersion(Uplink.VERSION)
              .setName(name)
              .setCoefficient(coefficient)
              .setSoftware(software)
              .addModels(
                  Model.newBuilder()
                      .setName(model.name())
                      .setRevision(model.revision())
                      .setContextTokens(model.contextTokens())
                      .setSlots(model.slots())
                      .addAllFeatures(model.features()));
      if (simulatedTee) {
        hello.addSimulated("tee");
      }
      if (model.simulated()) {
        hello.addSimulated("engine");
      }
      return hello.build();
    }
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
      batch(byLink, delta.key().link()).tokens.add(WireRequests.tokens(delta));
    }
    for (Ended ended : outcome.ended()) {
      Batch batch = batch(byLink, ended.key().link());
      switch (ended) {
        case Ended.Finished finished -> batch.done.add(WireRequests.done(finished));
        case Ended.Refused refused -> batch.failed.add(WireRequests.failed(refused));
      }
    }
    byLink.forEach(
        (link, batch) -> {
          RouterLink owner = owner(link);
          if (owner != null) {
            owner.send(link, batch.tokens, batch.done, batch.failed);
          }
        });
  }

  private static Batch batch(Map<Long, Batch> byLink, long link) {
    return byLink.computeIfAbsent(link, key -> new Batch());
  }

  private @Nullable RouterLink owner(long link) {
    for (RouterLink candidate : links) {
      if (candidate.owns(link)) {
        return candidate;
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
  }

  /** Tells all routers that nothing new is taken. */
  public void drain() {
    links.forEach(RouterLink::drain);
  }

  /** Ends all links. */
  public void close() {
    links.forEach(RouterLink::close);
  }
}
