package org.cocoon.backend.tensorrt;

import java.nio.ByteBuffer;

/**
 * One GPU with one stream: memory, copies and CUDA graphs. All but {@link #synchronize} only puts
 * work into the stream, which runs it in order.
 *
 * <p>One thread at a time uses it. Every failure is a {@link org.cocoon.backend.BackendException}
 * after which the process had better end.
 */
interface Gpu extends AutoCloseable {

  /**
   * A block of device memory that {@link #close} frees.
   *
   * @return its address, a multiple of 256
   */
  long allocate(long bytes);

  /** A direct, page-locked buffer in native byte order that {@link #close} frees. */
  ByteBuffer allocatePinned(int bytes);

  /**
   * Copies the first bytes of a pinned buffer to the device; they must stay until they are there.
   */
  void upload(ByteBuffer from, long to, int bytes);

  /** Copies device memory into the first bytes of a pinned buffer. */
  void download(long from, ByteBuffer to, int bytes);

  /** Copies blocks within the device. */
  void copy(Blocks blocks);

  /** Waits until all work in the stream is done. */
  void synchronize();

  /** The stream as CUDA's own handle, for TensorRT. */
  long stream();

  /** From here on work is recorded instead of done. */
  void beginCapture();

  /**
   * Ends the recording.
   *
   * @return a graph for {@link #launch}; 0 where this work cannot be recorded, which is no failure
   */
  long endCapture();

  /** Puts a recorded graph into the stream. */
  void launch(long graph);

  /** Frees a graph. */
  void release(long graph);

  /** Frees everything. Calling it twice does nothing. */
  @Override
  void close();

  /**
   * Blocks of memory that lie at even distances, twice nested.
   *
   * @param from address of the first
   * @param to address of its copy
   * @param bytes of each block
   * @param pitch bytes from one block to the next in a group
   * @param count blocks in a group
   * @param groupPitch bytes from one group to the next, a multiple of pitch
   * @param groups how many groups
   */
  record Blocks(
      long from, long to, long bytes, long pitch, int count, long groupPitch, int groups) {
    /** Checks that no two blocks overlap. */
    public Blocks {
      if (bytes < 1 || bytes > pitch || count < 1 || groups < 1 || groupPitch % pitch != 0) {
        throw new IllegalArgumentException("blocks must not overlap");
      }
    }
  }
}
