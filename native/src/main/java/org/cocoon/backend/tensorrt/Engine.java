package org.cocoon.backend.tensorrt;

/**
 * A compiled graph. One thread at a time uses it and its contexts.
 *
 * <p>Every failure is a {@link org.cocoon.backend.BackendException}.
 */
interface Engine extends AutoCloseable {

  /** Device memory that any one launch needs while it runs, in bytes. */
  long scratchBytes();

  /**
   * A context that runs launches of one phase.
   *
   * @param scratch device memory of {@link #scratchBytes()}; contexts whose launches follow one
   *     another in a stream can share it
   */
  Context context(Phase phase, long scratch);

  /** Frees the engine and its contexts. Calling it twice does nothing. */
  @Override
  void close();

  /** Tensors' shapes and addresses, and the call that puts their computation into the stream. */
  interface Context {

    /** Gives an input its shape. */
    void shape(String tensor, long... dimensions);

    /** Gives a tensor its address in device memory. */
    void bind(String tensor, long address);

    /** Puts the computation into the stream, with the shapes and addresses of now. */
    void enqueue();
  }
}
