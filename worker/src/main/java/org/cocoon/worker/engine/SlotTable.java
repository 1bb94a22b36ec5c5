package org.cocoon.worker.engine;

import org.cocoon.backend.Backend;
import org.jspecify.annotations.Nullable;

/**
 * Which slot a prompt gets, so that as little of it as possible has to be computed.
 *
 * <p>The slot, free or busy, whose cache shares the longest prefix with the prompt is the source. A
 * free source is cut back to that prefix and taken, unless most of what it holds would be lost and
 * another slot is free; else the prefix is copied into the free slot that has been idle longest. At
 * least one token is always computed anew, because only that gives logits.
 *
 * <p>Prefixes are shared only within a {@linkplain GenerationRequest#cacheScope() scope}: else the
 * time to first token would tell a curious client whether somebody's prompt began as his does.
 */
final class SlotTable {
  private final Backend backend;
  private final boolean reusePrefixes;
  private final Slot[] slots;
  private long releases;

  SlotTable(Backend backend, int count, boolean reusePrefixes) {
    this.backend = backend;
    this.reusePrefixes = reusePrefixes;
    slots = new Slot[count];
    for (int i = 0; i < count; i++) {
      slots[i] = new Slot(i);
    }
  }

  int size() {
    return slots.length;
  }

  /** Gives a generation a slot that holds the beginning of its tokens, or null where all run. */
  @Nullable Slot acquire(Generation generation) {
    Slot idlest = idlest(null);
    if (idlest == null) {
      return null;
    }
    TokenList tokens = generation.tokens();
    Slot source = reusePrefixes ? source(generation) : null;
    Slot taken = idlest;
    int kept = 0;
    if (source != null) {
      kept = Math.min(source.shared(generation), tokens.size() - 1);
      Slot target = target(source, kept);
      if (target != source) {
        clear(target);
        backend.copyPrefix(source.sequence, target.sequence, kept);
      } else if (kept < source.cached()) {
        backend.truncate(source.sequence, kept);
      }
      taken = target;
    } else {
      clear(idlest);
    }
    taken.take(generation, kept);
    return taken;
  }

  /** Makes a slot free; its cache stays. */
  void release(Slot slot) {
    slot.release(++releases);
  }

  /** The slot that shares the longest prefix, a free one among equals; null where none does. */
  private @Nullable Slot source(Generation generation) {
    Slot best = null;
    int longest = 0;
    for (Slot slot : slots) {
      int shared = Math.min(slot.shared(generation), generation.tokens().size() - 1);
      if (shared > longest
          || (best != null && shared == longest && slot.isFree() && !best.isFree())) {
        best = slot;
        longest = shared;
      }
    }
    return best;
  }

  private Slot target(Slot source, int kept) {
    if (source.isFree() && kept * 2L >= source.cached()) {
      return source;
    }
    Slot other = idlest(source);
    return other == null ? source : other;
  }

  private @Nullable Slot idlest(@Nullable Slot except) {
    Slot idlest = null;
    for (Slot slot : slots) {
      if (slot.isFree()
          && slot != except
          && (idlest == null || slot.releasedAt() < idlest.releasedAt())) {
        idlest = slot;
      }
    }
    return idlest;
  }

  private void clear(Slot slot) {
    if (slot.cached() > 0) {
      backend.truncate(slot.sequence, 0);
    }
  }
}
