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

  /** Among a model's features: this worker opens prompts that are sealed to the model's group. */
  static final String SEALED = "sealed";

  /** Among a model's features: its engine tells no token ids, and goes on from none. */
  static final String TEXT_ONLY = "text_only";

  /** Among a model's features: its engine goes on from the text of an answer. */
  static final String CONTINUES_TEXT = "continues_text";

  private static final int MODELS_REMEMBERED = 1_000;

  /** Who serves a model, and which models somebody served since the router started. */
  private static final class Index {
    private final Map<String, List<ServedModel>> byModel = new HashMap<>();
    private final Set<String> seen = new HashSet<>();

    void add(ServedModel served) {
      String model = served.model().getName();
      byModel.computeIfAbsent(model, name -> new ArrayList<>()).add(served);
      if (seen.size() < MODELS_REMEMBERED) {
        seen.add(model);
      }
    }

    void remove(ServedModel served) {
      byModel.computeIfPresent(
          served.model().getName(),
          (name, serving) -> {
            serving.remove(served);
            return serving.isEmpty() ? null : serving;
          });
    }

    List<ServedModel> serving(String model) {
      return byModel.getOrDefault(model, List.of());
    }

    boolean knows(String model) {
      return byModel.containsKey(model) || seen.contains(model);
    }
  }

  private final List<Worker> workers = new ArrayList<>();
  private final Index all = new Index();
  private final Index sealed = new Index();
  private final GroupKeyBoard groupKeys = new GroupKeyBoard();
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
    worker.served().forEach(this::add);
    capacityChanged();
  }

  private void add(ServedModel served) {
    all.add(served);
    if (opensSealed(served.model())) {
      sealed.add(served);
    }
  }

  private void remove(ServedModel served) {
    all.remove(served);
    sealed.remove(served);
  }

  /**
   * Has an attached worker serve these models from now on, and no others.
   *
   * @return those that it served and does not any more; what runs of them goes on
   */
  List<ServedModel> serve(Worker worker, List<Model> models) {
    List<ServedModel> before = List.copyOf(worker.served());
    List<ServedModel> left = worker.serve(models);
    if (workers.contains(worker)) {
      before.forEach(this::remove);
      worker.served().forEach(this::add);
      capacityChanged();
    }
    return left;
  }

  void detach(Worker worker) {
    if (!workers.remove(worker)) {
      return;
    }
    worker.served().forEach(this::remove);
    worker.gone();
    capacityChanged(); // so that what waits for nobody is refused
  }

  static boolean opensSealed(Model model) {
    return model.getFeaturesList().contains(SEALED);
  }

  /** Who serves a model; a live view, to be read at once. */
  public List<ServedModel> serving(String model) {
    return all.serving(model);
  }

  /** Who serves it and opens sealed prompts; a live view, to be read at once. */
  public List<ServedModel> servingSealed(String model) {
    return sealed.serving(model);
  }

  /** Whether any worker serves this model or did since the router started. */
  public boolean knows(String model) {
    return all.knows(model);
  }

  /** Whether any worker opens prompts sealed for this model, or did since the router started. */
  public boolean knowsSealed(String model) {
    return sealed.knows(model);
  }

  /** All attached workers; a live view. */
  public List<Worker> workers() {
    return Collections.unmodifiableList(workers);
  }

  /** Names of the models that can be had now, sorted. */
  public List<String> models() {
    return all.byModel.keySet().stream().sorted().toList();
  }

  /** The keys that prompts can be sealed to. */
  public GroupKeyBoard groupKeys() {
    return groupKeys;
  }

  /** Tells all workers that this router goes. */
  public void drain() {
    workers.forEach(Worker::drain);
  }
}
