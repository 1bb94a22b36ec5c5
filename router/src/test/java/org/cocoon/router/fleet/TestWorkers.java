package org.cocoon.router.fleet;

import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Model;

/** Workers without a link: what goes down is captured, what comes up is called. */
public final class TestWorkers {
  /** The model that they serve. */
  public static final String MODEL = "test-model";

  private TestWorkers() {}

  /** Makes a worker that opens no sealed prompts, and attaches it. */
  public static Worker attach(
      Fleet fleet,
      String name,
      int slots,
      int contextTokens,
      int coefficient,
      LongSupplier nanoClock,
      Consumer<FromRouter> down,
      Consumer<Runnable> nextTurn) {
    return attach(
        fleet, name, slots, contextTokens, coefficient, List.of(), nanoClock, down, nextTurn);
  }

  /** Makes a worker whose model has these features, and attaches it. */
  public static Worker attach(
      Fleet fleet,
      String name,
      int slots,
      int contextTokens,
      int coefficient,
      List<String> features,
      LongSupplier nanoClock,
      Consumer<FromRouter> down,
      Consumer<Runnable> nextTurn) {
    WorkerIdentity identity =
        new WorkerIdentity(name, name, "image", Instant.EPOCH, "test", List.of(), "", "");
    Model model =
        Model.newBuilder()
            .setName(MODEL)
            .setSlots(slots)
            .setContextTokens(contextTokens)
            .addAllFeatures(features)
            .build();
    Worker worker =
        new Worker(
            identity,
            List.of(model),
            coefficient,
            fleet.groupKeys(),
            nanoClock,
            down,
            nextTurn,
            fleet::capacityChanged);
    fleet.attach(worker);
    return worker;
  }

  /** The worker said this. */
  public static void say(Worker worker, FromWorker message) {
    worker.heard(message);
  }

  /** The link ended. */
  public static void lose(Fleet fleet, Worker worker) {
    fleet.detach(worker);
  }
}
