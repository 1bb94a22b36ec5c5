package org.cocoon.link.tls;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.cocoon.link.evidence.Verdict;

/**
 * Remembers good verdicts until they end, the least recently used of them leaving first.
 *
 * <p>Refusals are not kept: an attacker could make as many different ones as there is room.
 */
final class VerdictCache {
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<ByteBuffer, Verdict.Trusted> entries = new LinkedHashMap<>(16, 0.75f, true);
  private final int capacity;

  /** Makes one that keeps so many; 0 keeps none. */
  VerdictCache(int capacity) {
    if (capacity < 0) {
      throw new IllegalArgumentException("capacity must not be negative");
    }
    this.capacity = capacity;
  }

  Optional<Verdict.Trusted> get(ByteBuffer key, Instant now) {
    lock.lock();
    try {
      Verdict.Trusted known = entries.get(key);
      if (known == null) {
        return Optional.empty();
      }
      if (now.isAfter(known.notAfter())) {
        entries.remove(key);
        return Optional.empty();
      }
      return Optional.of(known);
    } finally {
      lock.unlock();
    }
  }

  void put(ByteBuffer key, Verdict.Trusted verdict) {
    lock.lock();
    try {
      entries.put(key, verdict);
      if (entries.size() > capacity) {
        entries.remove(entries.keySet().iterator().next());
      }
    } finally {
      lock.unlock();
    }
  }

  int size() {
    lock.lock();
    try {
      return entries.size();
    } finally {
      lock.unlock();
    }
  }
}
