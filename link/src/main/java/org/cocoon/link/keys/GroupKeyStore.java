package org.cocoon.link.keys;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.cocoon.link.seal.GroupPublicKey;

/**
 * The keys of every model that somebody asked for, and when they come and go. Belongs to one
 * thread.
 *
 * <pre>
 * a key of epoch length E, made at 0:
 * 0   to E     the newest of its model: clients that ask are given it
 * E   to 2E    another is newer; clients that hold it may go on sealing to it
 * 2E  to 2E+L  nothing is sealed to it; answers that run may still move to another worker
 * 2E+L         forgotten, and overwritten
 * </pre>
 *
 * <p>L is {@link #LINGER}. {@link #renewAll()} makes a new key and forgets all others at once: who
 * was shut out keeps what it was given, so nothing more may be sealed to that.
 */
final class GroupKeyStore {
  /** The shortest and the longest epoch; a key's statement must not outlive its certificate. */
  static final Duration LEAST_EPOCH = Duration.ofSeconds(10);

  static final Duration MOST_EPOCH = Duration.ofHours(5);

  /** How long workers keep a key that nothing is sealed to any more. */
  static final Duration LINGER = Duration.ofMinutes(10);

  /** The most models that have keys at one time. */
  static final int MAX_MODELS = 4096;

  private final Duration epoch;
  private final InstantSource clock;
  private final SecureRandom random;

  /** Newest first; never empty. */
  private final Map<String, Deque<GroupSecret>> byModel = new HashMap<>();

  GroupKeyStore(Duration epoch, InstantSource clock, SecureRandom random) {
    if (epoch.compareTo(LEAST_EPOCH) < 0 || epoch.compareTo(MOST_EPOCH) > 0) {
      throw new IllegalArgumentException("an epoch lasts 10 seconds to 5 hours, not " + epoch);
    }
    this.epoch = epoch;
    this.clock = clock;
    this.random = random;
  }

  /** Whether these models could all have keys. */
  boolean hasRoomFor(Set<String> models) {
    Set<String> all = new HashSet<>(byModel.keySet());
    all.addAll(models);
    return all.size() <= MAX_MODELS;
  }

  /**
   * The keys of a model, newest first; the first of them is made here.
   *
   * @throws IllegalStateException if there is no room for another model
   */
  List<GroupSecret> keysOf(String model) {
    Deque<GroupSecret> keys = byModel.get(model);
    if (keys == null) {
      if (byModel.size() >= MAX_MODELS) {
        throw new IllegalStateException("there are keys of " + MAX_MODELS + " models already");
      }
      keys = new ArrayDeque<>();
      byModel.put(model, keys);
      keys.addFirst(fresh(model, 0));
    }
    return new ArrayList<>(keys);
  }

  /** The keys of a model as they are, newest first. */
  List<GroupSecret> held(String model) {
    return new ArrayList<>(byModel.getOrDefault(model, new ArrayDeque<>()));
  }

  /** Names of all keys. */
  Set<String> heldIds() {
    return byModel.values().stream()
        .flatMap(Deque::stream)
        .map(key -> key.publicHalf().keyId())
        .collect(Collectors.toSet());
  }

  /**
   * Makes the keys whose time has come, and forgets those whose time is over.
   *
   * @param wanted models that somebody watches; of others no new keys are made
   * @return whose keys changed
   */
  Set<String> advance(Set<String> wanted) {
    Instant now = clock.instant();
    Set<String> changed = new HashSet<>();
    byModel.forEach(
        (model, keys) -> {
          GroupPublicKey newest = keys.getFirst().publicHalf();
          if (wanted.contains(model) && !now.isBefore(newest.notBefore().plus(epoch))) {
            keys.addFirst(fresh(model, newest.epoch()));
            changed.add(model);
          }
          while (!keys.isEmpty()
              && !now.isBefore(keys.getLast().publicHalf().notAfter().plus(LINGER))) {
            keys.removeLast().forget();
            changed.add(model);
          }
        });
    byModel.values().removeIf(Deque::isEmpty);
    return changed;
  }

  /** Makes a new key of every model and forgets all others; returns whose changed. */
  Set<String> renewAll() {
    byModel.forEach(
        (model, keys) -> {
          long last = keys.getFirst().publicHalf().epoch();
          keys.forEach(GroupSecret::forget);
          keys.clear();
          keys.addFirst(fresh(model, last));
        });
    return Set.copyOf(byModel.keySet());
  }

  /** Forgets everything. */
  void forgetAll() {
    byModel.values().forEach(keys -> keys.forEach(GroupSecret::forget));
    byModel.clear();
  }

  private GroupSecret fresh(String model, long lastEpoch) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    // By the clock, so that it does not go back when a key manager starts anew.
    long number = Math.max(lastEpoch + 1, now.toEpochMilli() / epoch.toMillis());
    return GroupSecret.generate(model, number, now, now.plus(epoch.multipliedBy(2)), random);
  }
}
