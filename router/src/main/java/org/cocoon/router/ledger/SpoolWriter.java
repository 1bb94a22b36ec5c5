package org.cocoon.router.ledger;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptKey;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes charges durable in the spool, in groups: while one fsync runs, the next group gathers.
 *
 * <p>A thread of its own. When the disk refuses a group, because it is full or broken, the same
 * group is tried again until it is taken: what was delivered is charged, and nobody is told of a
 * charge that could be lost. {@link #writable} says no meanwhile. The queue is bounded by the
 * {@link CreditBook}, which admits no more holds than there may be charges.
 */
final class SpoolWriter {
  private static final Logger log = LoggerFactory.getLogger(SpoolWriter.class);
  private static final long PAUSE_MILLIS = 500;
  private static final long POLL_MILLIS = 200;

  private final SpoolLog spool;
  private final LedgerOptions options;
  private final ReceiptKey key;
  private final Outcome outcome;
  private final BlockingQueue<PendingCharge> queue = new LinkedBlockingQueue<>();
  private final DistributionSummary batchSize;
  private final Thread thread;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private volatile boolean writable = true;
  private volatile boolean closed;

  /** What became of charges; called on the writer's thread. */
  @FunctionalInterface
  interface Outcome {
    /**
     * They are durable.
     *
     * @param position of their frame
     * @param charges in the order of the frame
     * @param receipts one for each
     */
    void durable(long position, List<PendingCharge> charges, List<Receipt> receipts);
  }

  SpoolWriter(
      SpoolLog spool,
      LedgerOptions options,
      ReceiptKey key,
      Outcome outcome,
      MeterRegistry metrics) {
    this.spool = spool;
    this.options = options;
    this.key = key;
    this.outcome = outcome;
    this.batchSize = metrics.summary("ledger.batch.size");
    this.thread = Thread.ofPlatform().daemon().name("spool-writer").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Any thread. */
  void submit(PendingCharge charge) {
    queue.add(charge);
  }

  /** Whether the disk took the last group. */
  boolean writable() {
    return writable;
  }

  /** Ends when what is queued is durable, or could not be made so; completes on any thread. */
  CompletableFuture<Void> close() {
    closed = true;
    return ended;
  }

  private void run() {
    try {
      List<PendingCharge> group = new ArrayList<>();
      while (!closed || !queue.isEmpty()) {
        PendingCharge first = queue.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
        if (first != null) {
          group.add(first);
          queue.drainTo(group, options.maxBatch() - 1);
          if (!write(List.copyOf(group))) {
            return;
          }
          group.clear();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      ended.complete(null);
    }
  }

  /** False if this was closed while the disk refused. */
  private boolean write(List<PendingCharge> group) throws InterruptedException {
    batchSize.record(group.size());
    SpoolFrame frame = SpoolFrame.sign(key, options.settlement(), group);
    List<Receipt> receipts = frame.all();
    while (true) {
      try {
        long position = spool.end();
        spool.append(frame);
        writable = true;
        outcome.durable(position, group, receipts);
        spool.publish(); // only now, so that nobody hears of charges as applied before as durable
        return true;
      } catch (IOException e) {
        if (writable) {
          log.atError()
              .addKeyValue("event", "spool.refused")
              .addKeyValue("charges", group.size())
              .log(
                  "the disk takes no charges ({}): make room or repair it; answers wait until then",
                  e.toString());
        }
        writable = false;
        if (closed) {
          return false;
        }
        Thread.sleep(PAUSE_MILLIS);
      }
    }
  }
}
