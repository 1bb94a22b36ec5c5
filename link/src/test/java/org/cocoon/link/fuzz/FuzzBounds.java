package org.cocoon.link.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;

/**
 * Runs a target and holds it to what every target must keep: it throws nothing, takes less than a
 * second of processor time, and allocates no more than 64 bytes for each byte of input and the
 * target's own fixed bytes.
 *
 * <p>An input that was over a bound is taken again, and the best time counts: the first to come by
 * some code pays for loading it.
 */
public final class FuzzBounds {
  /** What it may allocate for each of its bytes: JSON and DER become trees of small objects. */
  static final long BYTES_PER_BYTE = 64;

  private static final long MAX_NANOS = Duration.ofSeconds(1).toNanos();
  private static final int WARM_UP_ROUNDS = 20;
  private static final int AGAIN = 2;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final FuzzTarget target;
  private long mostBytes;

  /** Takes all seeds a few times, so that what is measured later is not the loading of classes. */
  public FuzzBounds(FuzzTarget target) {
    this.target = target;
    for (int round = 0; round < WARM_UP_ROUNDS; round++) {
      target.seeds().forEach(target::take);
      target.take(new byte[round]);
    }
  }

  /**
   * Takes one input on the calling thread.
   *
   * @throws AssertionError if it was not kept within bounds
   */
  public void take(byte[] input) {
    Cost cost = measured(input);
    for (int again = 0; again < AGAIN && !isAllowed(cost, input); again++) {
      cost = cost.least(measured(input));
    }
    if (!isAllowed(cost, input)) {
      throw new AssertionError(input.length + " bytes took it too much: " + cost);
    }
    mostBytes = Math.max(mostBytes, cost.bytes());
  }

  private Cost measured(byte[] input) {
    long bytesBefore = THREADS.getCurrentThreadAllocatedBytes();
    long nanosBefore = THREADS.getCurrentThreadCpuTime();
    target.take(input);
    return new Cost(
        THREADS.getCurrentThreadAllocatedBytes() - bytesBefore,
        THREADS.getCurrentThreadCpuTime() - nanosBefore);
  }

  private record Cost(long bytes, long cpuNanos) {
    Cost least(Cost other) {
      return new Cost(Math.min(bytes, other.bytes), Math.min(cpuNanos, other.cpuNanos));
    }
  }

  private boolean isAllowed(Cost cost, byte[] input) {
    return cost.bytes() <= target.fixedBytes() + BYTES_PER_BYTE * input.length
        && cost.cpuNanos() <= MAX_NANOS;
  }

  /** The most that one input has allocated so far, in bytes. */
  public long mostBytes() {
    return mostBytes;
  }
}
