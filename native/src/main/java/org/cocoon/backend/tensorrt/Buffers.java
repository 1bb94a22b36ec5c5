package org.cocoon.backend.tensorrt;

import java.nio.ByteBuffer;

/**
 * All memory of an open backend, allocated once: the caches of all slots, TensorRT's scratch, and
 * the packed buffers of a step on both sides.
 *
 * <p>The caches are one block, {@code [cache][slot][head][position][element]}, cache {@code 2 i}
 * being the keys of layer {@code i} and {@code 2 i + 1} its values. So a window of slots is
 * contiguous in every cache, and a prefix is copied by a single call.
 *
 * @param shape sizes
 * @param caches device address
 * @param scratch device address
 * @param input device address
 * @param output device address
 * @param hostInput page-locked
 * @param hostOutput page-locked
 */
record Buffers(
    EngineShape shape,
    long caches,
    long scratch,
    long input,
    long output,
    ByteBuffer hostInput,
    ByteBuffer hostOutput) {

  static Buffers allocate(EngineShape shape, Gpu gpu, long scratchBytes) {
    return new Buffers(
        shape,
        gpu.allocate(shape.allCacheBytes()),
        gpu.allocate(Math.max(scratchBytes, EngineShape.ALIGNMENT)),
        gpu.allocate(shape.inputBytes()),
        gpu.allocate(shape.outputBytes()),
        gpu.allocatePinned(shape.inputBytes()),
        gpu.allocatePinned(shape.outputBytes()));
  }

  /** Address of a slot in a cache. */
  long cache(int cache, int slot) {
    return caches + cache * shape.cacheBytes() + slot * shape.slotBytes();
  }

  /** The first tokens of a slot, in every head of every cache. */
  Gpu.Blocks prefix(int fromSlot, int toSlot, int tokens) {
    return new Gpu.Blocks(
        cache(0, fromSlot),
        cache(0, toSlot),
        tokens * shape.tokenBytes(),
        shape.headBytes(),
        shape.graph().keyValueHeads(),
        shape.cacheBytes(),
        shape.caches());
  }
}
