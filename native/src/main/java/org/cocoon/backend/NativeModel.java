package org.cocoon.backend;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * An open handle of the C ABI: frees itself when it is closed or forgotten, and never lets a call
 * through after that.
 *
 * <p>Calls share a lock that {@link #close} takes alone, so a thread that cuts text while the step
 * thread closes the model gets an exception instead of freed memory.
 */
final class NativeModel implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final AtomicInteger OPEN = new AtomicInteger();

  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private final Lock shared = lock.readLock();
  private final Handle handle;
  private final Cleaner.Cleanable cleanable;

  /** Holds the address apart from the model, so that the cleaner does not keep the model alive. */
  private static final class Handle implements Runnable {
    private long address;

    Handle(long address) {
      this.address = address;
      OPEN.incrementAndGet();
    }

    @Override
    public void run() {
      if (address != 0) {
        NativeLibrary.close(address);
        address = 0;
        OPEN.decrementAndGet();
      }
    }
  }

  private interface Call<T extends @Nullable Object> {
    T apply(long address);
  }

  /** Takes over an address that {@link NativeLibrary#open} returned. */
  NativeModel(long address) {
    handle = new Handle(address);
    cleanable = CLEANER.register(this, handle);
  }

  /** How many handles of this process have not been freed. Any thread. */
  static int open() {
    return OPEN.get();
  }

  private <T extends @Nullable Object> T call(Call<T> call) {
    shared.lock();
    try {
      if (handle.address == 0) {
        throw new BackendException("the backend is closed");
      }
      return call.apply(handle.address);
    } finally {
      shared.unlock();
      Reference.reachabilityFence(this);
    }
  }

  void step(StepBatch batch) {
    call(
        address -> {
          NativeLibrary.step(
              address,
              batch.count(),
              batch.tokens(),
              batch.positions(),
              batch.sequences(),
              batch.wantLogits(),
              batch.logits(),
              batch.candidateIds(),
              batch.candidateLogits(),
              batch.logSumExp());
          return true;
        });
  }

  void truncate(int sequence, int fromPosition) {
    call(
        address -> {
          NativeLibrary.truncate(address, sequence, fromPosition);
          return true;
        });
  }

  void copyPrefix(int fromSequence, int toSequence, int tokens) {
    call(
        address -> {
          NativeLibrary.copyPrefix(address, fromSequence, toSequence, tokens);
          return true;
        });
  }

  int embeddingSize() {
    return call(NativeLibrary::embeddingSize);
  }

  void embed(EmbeddingBatch batch) {
    call(
        address -> {
          NativeLibrary.embed(
              address,
              batch.count(),
              batch.tokens(),
              batch.positions(),
              batch.sequences(),
              batch.sums());
          return true;
        });
  }

  void forgetEmbedding(int sequence) {
    call(
        address -> {
          NativeLibrary.forgetEmbedding(address, sequence);
          return true;
        });
  }

  int[] tokenize(byte[] utf8, boolean parseSpecial) {
    return call(address -> NativeLibrary.tokenize(address, utf8, parseSpecial));
  }

  byte[] pieces(int[] ends, byte[] flags) {
    return call(address -> NativeLibrary.pieces(address, ends, flags));
  }

  @Nullable String metadata(String name) {
    byte[] utf8 = call(address -> NativeLibrary.metadata(address, name.getBytes(UTF_8)));
    return utf8 == null ? null : new String(utf8, UTF_8);
  }

  BackendStats stats() {
    long[] counters = new long[3];
    call(
        address -> {
          NativeLibrary.stats(address, counters);
          return true;
        });
    return new BackendStats(counters[0], counters[1], counters[2]);
  }

  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      cleanable.clean();
    } finally {
      lock.writeLock().unlock();
    }
  }
}
