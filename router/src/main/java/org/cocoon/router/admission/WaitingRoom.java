package org.cocoon.router.admission;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Requests that wait for a worker, bounded over all models; by priority, then first come first
 * served, within each model. Belongs to the event loop.
 *
 * @param <T> what waits
 */
public final class WaitingRoom<T> {
  /** Priorities, 0 first. */
  public static final int PRIORITIES = 10;

  /** How many who cannot be taken are looked past. */
  static final int LOOK_PAST = 16;

  private final int capacity;
  private final Map<String, List<ArrayDeque<T>>> byModel = new HashMap<>();
  private int size;

  /** Makes a room for so many. */
  public WaitingRoom(int capacity) {
    this.capacity = capacity;
  }

  /** Whether one more may wait. */
  public boolean hasPlace() {
    return size < capacity;
  }

  /** How many wait. */
  public int size() {
    return size;
  }

  /** Models that somebody waits for; a copy. */
  public List<String> models() {
    return List.copyOf(byModel.keySet());
  }

  /**
   * Takes one in at the end of its line.
   *
   * @throws IllegalStateException when full: ask {@link #hasPlace} first
   */
  public void enter(String model, int priority, T waiting) {
    if (size >= capacity) {
      throw new IllegalStateException("the waiting room is full");
    }
    line(model, priority).addLast(waiting);
    size++;
  }

  /** Takes one back in at the head of its line: it had been inside before, so it always fits. */
  public void reenter(String model, int priority, T waiting) {
    line(model, priority).addFirst(waiting);
    size++;
  }

  private ArrayDeque<T> line(String model, int priority) {
    List<ArrayDeque<T>> lines =
        byModel.computeIfAbsent(
            model,
            name -> {
              List<ArrayDeque<T>> fresh = new ArrayList<>(PRIORITIES);
              for (int i = 0; i < PRIORITIES; i++) {
                fresh.add(new ArrayDeque<>());
              }
              return fresh;
            });
    return lines.get(priority);
  }

  /**
   * Offers those who wait for a model to somebody, in order. One who cannot be taken (its price
   * limit, say) does not block those behind it, up to {@value #LOOK_PAST} of them.
   *
   * @param takes returns whether it took this one; must not change the room
   */
  public void offer(String model, Predicate<T> takes) {
    List<ArrayDeque<T>> lines = byModel.get(model);
    if (lines == null) {
      return;
    }
    int passed = 0;
    boolean empty = true;
    for (ArrayDeque<T> line : lines) {
      for (Iterator<T> all = line.iterator(); all.hasNext() && passed < LOOK_PAST; ) {
        if (takes.test(all.next())) {
          all.remove();
          size--;
        } else {
          passed++;
        }
      }
      empty &= line.isEmpty();
    }
    if (empty) {
      byModel.remove(model);
    }
  }

  /** Takes one out; does nothing if it is not there. */
  public void leave(String model, int priority, T waiting) {
    List<ArrayDeque<T>> lines = byModel.get(model);
    if (lines != null && lines.get(priority).remove(waiting)) {
      size--;
    }
  }
}
