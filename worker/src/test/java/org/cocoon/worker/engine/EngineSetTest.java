package org.cocoon.worker.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class EngineSetTest {
  private final List<String> closed = new ArrayList<>();

  /** Is as busy as its name is long. */
  private final class Named implements Engine {
    final CompletableFuture<Throwable> broken = new CompletableFuture<>();
    private final String name;

    Named(String name) {
      this.name = name;
    }

    @Override
    public ServedModel model() {
      return new ServedModel(name, "r", 100, 4, List.of(), "none", true);
    }

    @Override
    public void generate(GenerationRequest request) {}

    @Override
    public void embed(EmbeddingRequest request) {}

    @Override
    public void cancel(RunKey key) {}

    @Override
    public void grant(RunKey key, int tokens) {}

    @Override
    public CompletionStage<Throwable> broken() {
      return broken;
    }

    @Override
    public EngineLoad load() {
      return new EngineLoad(name.length(), 1, 10, 100, 1_000);
    }

    @Override
    public void close() {
      closed.add(name);
    }
  }

  private static List<String> offered(EngineSet set) {
    return set.models().stream().map(ServedModel::name).toList();
  }

  @Test
  void whatIsGivenUpIsNotOfferedAndStillTakesWhatComesUntilItIsTakenOut() {
    Named two = new Named("two");
    EngineSet set = EngineSet.of(new Named("one"), two, new Named("three"));
    set.giveUp("two");
    assertEquals(List.of("one", "three"), offered(set));
    assertEquals(two, set.find("two"));
    assertTrue(set.all().contains("two"), "its keys are still needed");
    assertEquals(two, set.remove("two"));
    assertNull(set.find("two"));
    set.close();
    assertEquals(List.of("one", "three"), closed, "what was taken out is somebody else's to close");
  }

  @Test
  void aNameIsThereOnceAndTheLastModelStays() {
    EngineSet set = EngineSet.of(new Named("one"), new Named("two"));
    assertThrows(IllegalArgumentException.class, () -> set.add(new Named("one")));
    set.giveUp("one");
    assertThrows(IllegalArgumentException.class, () -> set.add(new Named("one")), "still leaving");
    assertThrows(IllegalArgumentException.class, () -> set.giveUp("one"));
    assertThrows(IllegalArgumentException.class, () -> set.giveUp("two"));
    assertThrows(IllegalArgumentException.class, () -> set.remove("two"));
    set.remove("one");
    set.add(new Named("one"));
    assertEquals(List.of("two", "one"), offered(set));
  }

  @Test
  void loadsAreOfEachAndOfAll() {
    EngineSet set = EngineSet.of(new Named("a"), new Named("bbb"));
    set.giveUp("a");
    assertEquals(3, set.loads().getOrDefault("bbb", EngineLoad.NONE).running());
    assertEquals(new EngineLoad(4, 2, 20, 200, 2_000), EngineSet.sum(set.loads().values()));
    assertEquals(6, set.unfinished(), "what leaves counts");
  }

  @Test
  void whateverBreaksIsTold() {
    Named late = new Named("late");
    EngineSet set = EngineSet.of(new Named("one"));
    set.add(late);
    IllegalStateException cause = new IllegalStateException("broken");
    late.broken.complete(cause);
    assertEquals(cause, set.broken().toCompletableFuture().join());
  }
}
