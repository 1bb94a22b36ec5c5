package org.cocoon.router.fleet;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.cocoon.link.wire.Model;

/** All attached workers, with an index by model. Belongs to the event loop. */
public final class Fleet {
  /** A worker that said nothing for so long is gone, though its link may look alive. */
  static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final int MODELS_REMEMBERED = 1_000;

  private final List<Worker> workers = new ArrayList<>();
  private final Map<String, List<Worker>> byModel = new HashMap<>();
  private final Set<String> modelsSeen = new HashSet<>();
  private Runnable capacityListener = () -> {};

  /** Sets who is told that a slot may have come free. */
  public void onCapacity(Runnable listener) {
    capacityListener = listener;
  }

  void capacityChanged() {
    capacityListener.run();
  }

  void attach(Worker worker) {
    workers.add(worker);
    for (Model model : worker.models()) {
      byModel.computeIfAbsent(model.getName(), name -> new ArrayList<>()).add(worker);
      if (modelsSeen.size() < MODELS_REMEMBERED) {
        modelsSeen.add(model.getName());
      }
    }
    capacityChanged();
  }

  void detach(Worker worker) {
    if (!workers.remove(worker)) {
      return;
    }
    for (Model model : worker.models()) {
      List<Worker> serving = byModel.get(model.getName());
      if (serving != null) {
        serving.remove(worker);
        if (serving.isEmpty()) {
          byModel.remove(model.getName());
        }
      }
    }
    worker.gone();
    capacityChanged(); // so that what waits for nobody is refused
  }

  /** Workers that serve a model; a live view, to be read at once. */
  public List<Worker> serving(String model) {
    return byModel.getOrDefault(model, List.of());
  }

  /** Whether any worker serves this model or did since the router started. */
  public boolean knows(String model) {
    return byModel.containsKey(model) || modelsSeen.contains(model);
  }

  /** All attached workers; a live view. */
  public List<Worker> workers() {
    return Collections.unmodifiableList(workers);
  }

  /** Names of the models that can be had now, sorted. */
  public List<String> models() {
    return byModel.keySet().stream().sorted().toList();
  }

  /** Tells all workers that this router goes. */
  public void drain() {
    workers.forEach(Worker::drain);
  }
}
