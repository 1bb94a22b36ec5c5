package org.cocoon.bench;

import com.sun.management.GarbageCollectionNotificationInfo;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.management.ListenerNotFoundException;
import javax.management.Notification;
import javax.management.NotificationEmitter;
import javax.management.NotificationListener;
import javax.management.openmbean.CompositeData;

/**
 * What the generator itself takes from the machine while a run goes on: CPU, collections and
 * stalls. A generator that is busy or stopped measures itself.
 */
final class OwnCost implements AutoCloseable {
  private static final long PROBE_NANOS = 1_000_000;

  private final OperatingSystemMXBean machine =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private final List<Long> loopThreads;
  private final long[] loopCpuAtStart;
  private final long startNanos = System.nanoTime();
  private final long cpuAtStart = machine.getProcessCpuTime();
  private final AtomicLong longestCollectionMillis = new AtomicLong();
  private final NotificationListener collections = this::noteCollection;
  private final Thread probe;
  private volatile long longestStallNanos;
  private volatile boolean closed;

  /**
   * The cost of one run.
   *
   * @param cpuShare of all cores, 0 to 1
   * @param cores of the machine
   * @param busiestLoopShare of one core, for the busiest event loop, 0 to 1
   * @param longestCollectionNanos the longest garbage collection, to the millisecond
   * @param longestStallNanos by which a thread that slept a millisecond woke too late at most
   */
  record Cost(
      double cpuShare,
      int cores,
      double busiestLoopShare,
      long longestCollectionNanos,
      long longestStallNanos) {}

  /** Starts to watch; the loops' threads by their ids. */
  OwnCost(List<Long> loopThreads) {
    this.loopThreads = loopThreads;
    this.loopCpuAtStart = loopThreads.stream().mapToLong(threads::getThreadCpuTime).toArray();
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      if (collector instanceof NotificationEmitter emitter) {
        emitter.addNotificationListener(collections, null, null);
      }
    }
    probe = Thread.ofPlatform().daemon().name("stall-probe").start(this::probeStalls);
  }

  private void noteCollection(Notification notification, Object handback) {
    if (notification.getUserData() instanceof CompositeData data
        && notification
            .getType()
            .equals(GarbageCollectionNotificationInfo.GARBAGE_COLLECTION_NOTIFICATION)) {
      long millis = GarbageCollectionNotificationInfo.from(data).getGcInfo().getDuration();
      longestCollectionMillis.accumulateAndGet(millis, Math::max);
    }
  }

  private void probeStalls() {
    while (!closed) {
      long before = System.nanoTime();
      LockSupport.parkNanos(PROBE_NANOS);
      long late = System.nanoTime() - before - PROBE_NANOS;
      if (late > longestStallNanos) {
        longestStallNanos = late;
      }
    }
  }

  /** The cost so far. */
  Cost cost() {
    double wallNanos = Math.max(1, System.nanoTime() - startNanos);
    int cores = machine.getAvailableProcessors();
    double busiest = 0;
    for (int i = 0; i < loopCpuAtStart.length; i++) {
      long cpu = threads.getThreadCpuTime(loopThreads.get(i)) - loopCpuAtStart[i];
      busiest = Math.max(busiest, cpu / wallNanos);
    }
    return new Cost(
        (machine.getProcessCpuTime() - cpuAtStart) / wallNanos / cores,
        cores,
        busiest,
        longestCollectionMillis.get() * 1_000_000,
        longestStallNanos);
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(probe);
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      if (collector instanceof NotificationEmitter emitter) {
        try {
          emitter.removeNotificationListener(collections);
        } catch (ListenerNotFoundException e) {
          throw new IllegalStateException("the listener was added to every collector", e);
        }
      }
    }
  }
}
