package org.cocoon.worker.engine;

import org.cocoon.backend.Backend;
import org.jspecify.annotations.Nullable;

/**
 * Which of a backend's sequences a generation gets, so that as little as possible of its prompt has
 * to be computed; and what the others keep.
 *
 * <p>There may be more sequences than generations that run. All that are free keep what they hold,
 * least recently used first to go, so the beginnings of earlier prompts (a system prompt, a
 * conversation) outlive their requests.
 *
 * <p>The sequence, free or busy, whose cache shares the longest prefix with the prompt is the
 * source. A free source is cut back to that prefix and taken, unless most of what it holds would be
 * lost and another is free; else the prefix is copied into the free one that was of no use for
 * longest. At least one token is always computed anew, because only that gives logits.
 *
 * <p>A generation whose beginning is just being computed for another one waits for that instead of
 * computing it, too: so do the second and later of a request's choices, and a burst of requests
 * with the same system prompt.
 *
 * <p>Where a backend computes only neighbours together, of the free sequences one is taken that
 * leaves fewest runs of busy ones: it fills a hole, else it stands beside a busy one.
 *
 * <p>Prefixes are shared only within a {@linkplain GenerationRequest#cacheScope() scope}: else the
 * time to first token would tell a curious client whether somebody's prompt began as his does.
 */
final class SlotTable {
  /** Fewer tokens are computed anew sooner than waited for, unless they are the same request's. */
  private static final int WORTH_WAITING_FOR = 64;

  /** Where a copy is one of a whole cache, it must spare one part in so many. */
  private static final int WHOLE_COPY = 128;

  private final Backend backend;
  private final Slot[] slots;
  private final CellLedger cells;
  private final int size;
  private final int cacheTokens;
  private final boolean neighbours;
  private int busy;
  private long uses;

  /**
   * Makes a table of all sequences.
   *
   * @param size how many may be busy at a time
   */
  SlotTable(Backend backend, int size) {
    this.backend = backend;
    this.size = size;
    cacheTokens = backend.cacheTokens();
    neighbours = backend.computesNeighbours();
    long needed = (long) size * backend.limits().contextTokens();
    if (cacheTokens < needed) {
      throw new IllegalArgumentException(
          "the backend's cache holds %d tokens, and %d slots need %d; give it more, or fewer slots"
              .formatted(cacheTokens, size, needed));
    }
    slots = new Slot[backend.limits().sequences()];
    cells = new CellLedger(slots.length);
    for (int i = 0; i < slots.length; i++) {
      slots[i] = new Slot(i);
    }
  }

  /** How many generations run at most. */
  int size() {
    return size;
  }

  boolean isFull() {
    return busy == size;
  }

  /** Tokens in the cache, those of shared prefixes once. */
  int cachedTokens() {
    return cells.used();
  }

  /** Whether a sequence may be taken now: any, or where neighbours matter, a good neighbour. */
  private boolean isFit(Slot slot) {
    return slot.isFree() && (!neighbours || runsWith(slot.sequence) == fewestRuns());
  }

  private int fewestRuns() {
    int fewest = Integer.MAX_VALUE;
    for (Slot slot : slots) {
      if (slot.isFree()) {
        fewest = Math.min(fewest, runsWith(slot.sequence));
      }
    }
    return fewest;
  }

  /** How many more runs of consecutive busy sequences there are with this one: 1, 0 or -1. */
  private int runsWith(int sequence) {
    boolean below = sequence > 0 && !slots[sequence - 1].isFree();
    boolean above = sequence + 1 < slots.length && !slots[sequence + 1].isFree();
    return 1 - (below ? 1 : 0) - (above ? 1 : 0);
  }

  /** Gives a generation a slot that holds the beginning of its tokens, or null where all run. */
  @Nullable Slot acquire(Generation generation) {
    Slot idlest = isFull() ? null : idlest(null);
    if (idlest == null) {
      return null;
    }
    Slot source = source(generation);
    Slot taken = idlest;
    int kept = 0;
    if (source == null) {
      truncate(idlest, 0);
    } else {
      kept = shared(source, generation);
      taken = target(source, kept);
      source.use(++uses);
      if (taken == source) {
        truncate(source, kept);
      } else if (!isWorthCopying(kept)) {
        truncate(taken, 0);
        kept = 0;
      } else {
        truncate(taken, 0);
        backend.copyPrefix(source.sequence, taken.sequence, kept);
        cells.copyPrefix(source.sequence, taken.sequence, kept);
      }
    }
    taken.take(generation, kept);
    busy++;
    return taken;
  }

  /** Makes a slot free; its cache stays. */
  void release(Slot slot) {
    slot.release(++uses);
    busy--;
  }

  /** Says that a slot's scheduled tokens are in the cache now. */
  void computed(Slot slot) {
    cells.append(slot.sequence, slot.planned() - slot.cached());
    slot.computed();
  }

  /** Forgets a slot's last tokens, which were guessed wrong. */
  void shorten(Slot slot, int tokens) {
    if (tokens > 0) {
      int length = slot.cached() - tokens;
      truncate(slot, length);
      slot.shorten(length);
    }
  }

  /**
   * Drops what free slots keep, least recently used first, until there is room for so many tokens
   * more. There always is in the end: what runs fits by itself.
   */
  void makeRoom(int tokens) {
    while (cells.used() + tokens > cacheTokens) {
      Slot oldest = null;
      for (Slot slot : slots) {
        if (slot.isFree()
            && slot.cached() > 0
            && (oldest == null || slot.usedAt() < oldest.usedAt())) {
          oldest = slot;
        }
      }
      if (oldest == null) {
        return;
      }
      truncate(oldest, 0);
      oldest.clear();
    }
  }

  /** Whether much of what a generation begins with is being computed for another one. */
  boolean isComing(Generation generation) {
    int have = -1;
    for (Slot slot : slots) {
      Generation other = slot.generation();
      if (other == null || other.prefillable() == 0) {
        continue;
      }
      if (have < 0) {
        Slot source = source(generation);
        have = source == null ? 0 : shared(source, generation);
      }
      int ahead = Math.min(slot.sharedAhead(generation), generation.tokens().size() - 1);
      // Without credit the last token of a prompt is not computed.
      int reachable = Math.min(ahead, slot.cached() + other.prefillable());
      int worth = other.isChoiceOfSameRequest(generation) ? 1 : WORTH_WAITING_FOR;
      if (reachable - have >= worth) {
        return true;
      }
    }
    return false;
  }

  private static int shared(Slot slot, Generation generation) {
    return Math.min(slot.shared(generation), generation.tokens().size() - 1);
  }

  /** The slot that shares the longest prefix, a free one among equals; null where none does. */
  private @Nullable Slot source(Generation generation) {
    Slot best = null;
    int longest = 0;
    for (Slot slot : slots) {
      int shared = shared(slot, generation);
      if (shared > longest
          || (best != null && shared == longest && slot.isFree() && !best.isFree())) {
        best = slot;
        longest = shared;
      }
    }
    return best;
  }

  /** A cache of its own is copied whole, which takes about as long as a few tokens of a prompt. */
  private boolean isWorthCopying(int kept) {
    return !neighbours || kept * WHOLE_COPY >= backend.limits().contextTokens();
  }

  private Slot target(Slot source, int kept) {
    boolean isFit = isFit(source);
    if (isFit && kept * 2L >= source.cached()) {
      return source;
    }
    Slot other = idlest(source);
    return other == null ? source : other;
  }

  private @Nullable Slot idlest(@Nullable Slot except) {
    Slot idlest = null;
    for (Slot slot : slots) {
      if (slot != except && isFit(slot) && (idlest == null || slot.usedAt() < idlest.usedAt())) {
        idlest = slot;
      }
    }
    return idlest;
  }

  private void truncate(Slot slot, int length) {
    if (slot.cached() > length) {
      backend.truncate(slot.sequence, length);
      cells.truncate(slot.sequence, length);
    }
  }
}
