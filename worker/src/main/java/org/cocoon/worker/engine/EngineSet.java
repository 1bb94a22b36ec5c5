package org.cocoon.worker.engine;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The engines of a worker, one for each model; a model's name says which of them answers.
 *
 * <pre>
 * (none)    add------> OFFERED   routers are told of it
 * OFFERED   giveUp---> LEAVING   no router is told of it any more; what is on its way still starts
 * LEAVING   remove---> (none)    it takes nothing, and belongs to whoever removed it
 * </pre>
 *
 * <p>Any thread.
 */
public final class EngineSet implements AutoCloseable {
  /** Of a state that never changes: readers take one and need no lock. */
  private record Members(Map<String, Engine> offered, Map<String, Engine> leaving) {
    @Nullable Engine find(String model) {
      Engine engine = offered.get(model);
      return engine == null ? leaving.get(model) : engine;
    }

    List<Engine> all() {
      Map<String, Engine> all = new LinkedHashMap<>(offered);
      all.putAll(leaving);
      return List.copyOf(all.values());
    }
  }

  private final CompletableFuture<Throwable> broken = new CompletableFuture<>();
  private volatile Members members = new Members(Map.of(), Map.of());

  /** Offers the models of these engines. */
  public static EngineSet of(Engine... engines) {
    EngineSet set = new EngineSet();
    for (Engine engine : engines) {
      set.add(engine);
    }
    return set;
  }

  /**
   * Offers an engine's model from now on; the engine belongs to this set.
   *
   * @throws IllegalArgumentException a sentence, if another engine has a model of that name
   */
  public synchronized void add(Engine engine) {
    String name = engine.model().name();
    requireNew(name);
    Map<String, Engine> offered = new LinkedHashMap<>(members.offered);
    offered.put(name, engine);
    members = new Members(offered, members.leaving);
    engine.broken().thenAccept(broken::complete);
  }

  /**
   * Looks whether a name is free, so that nothing is opened in vain.
   *
   * @throws IllegalArgumentException a sentence, if an engine has a model of that name
   */
  public void requireNew(String name) {
    if (members.find(name) != null) {
      throw new IllegalArgumentException("this worker has a model '" + name + "' already");
    }
  }

  /**
   * Offers a model no longer; what comes for it is still started.
   *
   * @throws IllegalArgumentException a sentence, if it is not offered or is the only one
   */
  public synchronized void giveUp(String name) {
    Map<String, Engine> offered = new LinkedHashMap<>(members.offered);
    Engine engine = offered.remove(name);
    if (engine == null) {
      throw new IllegalArgumentException(
          "this worker has no model '%s'; it has %s".formatted(name, members.offered.keySet()));
    }
    if (offered.isEmpty()) {
      throw new IllegalArgumentException(
          "'%s' is the only model of this worker; stop the worker instead".formatted(name));
    }
    Map<String, Engine> leaving = new LinkedHashMap<>(members.leaving);
    leaving.put(name, engine);
    members = new Members(offered, leaving);
  }

  /** Takes out an engine whose model was given up; it is the caller's to close. */
  public synchronized Engine remove(String name) {
    Map<String, Engine> leaving = new LinkedHashMap<>(members.leaving);
    Engine engine = leaving.remove(name);
    if (engine == null) {
      throw new IllegalArgumentException("'" + name + "' was not given up");
    }
    members = new Members(members.offered, leaving);
    return engine;
  }

  /** The engine that takes requests for a model, or null where none does. */
  public @Nullable Engine find(String model) {
    return members.find(model);
  }

  /** What is offered now, in the order in which it came. */
  public List<ServedModel> models() {
    return members.offered.values().stream().map(Engine::model).toList();
  }

  /** The names of all models that requests may still come for. */
  public Set<String> all() {
    return members.all().stream()
        .map(engine -> engine.model().name())
        .collect(Collectors.toUnmodifiableSet());
  }

  /** How busy each engine is, by its model, those that are leaving among them. */
  public Map<String, EngineLoad> loads() {
    Map<String, EngineLoad> loads = new TreeMap<>();
    members.all().forEach(engine -> loads.put(engine.model().name(), engine.load()));
    return loads;
  }

  /** How busy some engines are together. */
  public static EngineLoad sum(Collection<EngineLoad> loads) {
    return loads.stream().reduce(EngineLoad.NONE, EngineLoad::plus);
  }

  /** Generations that have not ended, of all models. */
  public int unfinished() {
    return members.all().stream().mapToInt(engine -> engine.load().unfinished()).sum();
  }

  /**
   * Completes with the cause when one of them broke, so that the process should be replaced: an
   * engine breaks in native code, of which all of them have the same.
   */
  public CompletionStage<Throwable> broken() {
    return broken.minimalCompletionStage();
  }

  /** Ends every generation and frees all models. */
  @Override
  public void close() {
    members.all().forEach(Engine::close);
  }
}
