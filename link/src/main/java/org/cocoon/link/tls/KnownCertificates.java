package org.cocoon.link.tls;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Remembers certificates that were accepted as they stand, byte by byte, so that a node that comes
 * back with the same one costs a hash; the least recently used of them leave first.
 *
 * <p>Whoever holds a key can make any number of certificates around one quote, and crowd others out
 * of here. Those then cost one signature more: their evidence's verdict is remembered elsewhere.
 */
final class KnownCertificates {
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<ByteBuffer, Known> entries = new LinkedHashMap<>(16, 0.75f, true);
  private final int capacity;

  private record Known(Instant since, PeerVerifier.Judgement judgement) {}

  /** Makes one that keeps so many; 0 keeps none. */
  KnownCertificates(int capacity) {
    this.capacity = capacity;
  }

  /** What was said of it, if that holds at this time: not before it was said, and not after. */
  Optional<PeerVerifier.Judgement> get(ByteBuffer key, Instant now) {
    lock.lock();
    try {
      Known known = entries.get(key);
      if (known == null || now.isBefore(known.since())) {
        return Optional.empty();
      }
      if (now.isAfter(known.judgement().until())) {
        entries.remove(key);
        return Optional.empty();
      }
      return Optional.of(known.judgement());
    } finally {
      lock.unlock();
    }
  }

  /** Remembers an acceptance of this moment; refusals are not kept. */
  void put(ByteBuffer key, PeerVerifier.Judgement judgement, Instant now) {
    if (!(judgement.verdict() instanceof PeerVerdict.Accepted)) {
      return;
    }
    lock.lock();
    try {
      entries.put(key, new Known(now, judgement));
      if (entries.size() > capacity) {
        entries.remove(entries.keySet().iterator().next());
      }
    } finally {
      lock.unlock();
    }
  }
}
