package org.cocoon.router.fleet;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.Model;
import org.cocoon.link.wire.ModelList;
import org.cocoon.link.wire.ModelsTaken;
import org.cocoon.link.wire.RefusedModel;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a worker says that it serves, and what of it may be served: weights are judged one model at
 * a time, when they are said and about each second after that. Belongs to the event loop.
 */
final class OfferedModels {
  private static final Logger log = LoggerFactory.getLogger(OfferedModels.class);

  /** Lists between two looks: each costs a line of the log and a place in the fleet's index. */
  private static final int MOST_LISTS = 16;

  private final Fleet fleet;
  private final UplinkServer.Peers peers;
  private List<Model> said = List.of();
  private ModelsTaken refused = ModelsTaken.getDefaultInstance();
  private int lists;

  OfferedModels(Fleet fleet, UplinkServer.Peers peers) {
    this.fleet = fleet;
    this.peers = peers;
  }

  /** What is served of a list, and why the rest is not. */
  private record Judged(List<Model> taken, ModelsTaken refused) {}

  private Judged judge() {
    List<Model> taken = new ArrayList<>();
    ModelsTaken.Builder others = ModelsTaken.newBuilder();
    for (Model model : said) {
      Optional<String> unlisted = peers.unlisted(model);
      if (unlisted.isEmpty()) {
        taken.add(model);
      } else {
        others.addRefused(
            RefusedModel.newBuilder().setName(model.getName()).setReason(unlisted.get()));
      }
    }
    return new Judged(List.copyOf(taken), others.build());
  }

  /** Takes the list of a hello; returns what of it may be served, which can be nothing. */
  List<Model> begin(List<Model> hello) {
    said = hello;
    Judged judged = judge();
    refused = judged.refused;
    return judged.taken;
  }

  /** Why a model is not served; where one is not. */
  String reason() {
    return refused.getRefused(0).getReason();
  }

  /** Tells a worker that was welcomed what of its hello is not served. */
  void attached(Worker worker) {
    if (refused.getRefusedCount() > 0) {
      tell(worker);
    }
  }

  /** The worker serves other models from now on; returns why its link is to end, or null. */
  @Nullable String announced(Worker worker, ModelList list) {
    if (++lists > MOST_LISTS) {
      return "it changes its models too often";
    }
    String wrong = HelloRules.wrong(list.getModelsList());
    if (wrong == null) {
      said = list.getModelsList();
      serve(worker, judge(), false);
    }
    return wrong;
  }

  /** Looks again; returns why nothing of it may be served any longer, or null. */
  @Nullable String lookAgain(Worker worker) {
    lists = 0;
    Judged judged = judge();
    if (judged.taken.isEmpty()) {
      return judged.refused.getRefusedCount() == 0
          ? null
          : judged.refused.getRefused(0).getReason();
    }
    serve(worker, judged, true);
    return null;
  }

  /**
   * Has the worker serve what it may.
   *
   * @param policyChanged whether what it served may not run any longer either
   */
  private void serve(Worker worker, Judged judged, boolean policyChanged) {
    if (!judged.taken.equals(worker.models())) {
      for (ServedModel left : fleet.serve(worker, judged.taken)) {
        if (policyChanged) {
          worker.lose(left);
        }
      }
      log.info(
          "event=worker_models worker={} name={} models={} slots={}",
          worker.identity().id(),
          worker.identity().name(),
          names(judged.taken),
          worker.slots());
    }
    if (!judged.refused.equals(refused)) {
      refused = judged.refused;
      tell(worker);
    }
  }

  private void tell(Worker worker) {
    for (RefusedModel one : refused.getRefusedList()) {
      log.warn(
          "event=model_refused worker={} model={} reason=\"{}\"",
          worker.identity().id(),
          one.getName(),
          one.getReason());
    }
    worker.tell(FromRouter.newBuilder().setModelsTaken(refused).build());
  }

  static List<String> names(List<Model> models) {
    return models.stream().map(Model::getName).toList();
  }
}
