package org.cocoon.router.ledger;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.cocoon.router.ledger.Books.Leased;
import org.cocoon.router.ledger.Books.Position;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes charges from the spool to the database, in order, on a thread of its own.
 *
 * <pre>
 *   state      event                                next
 *   waiting    something was spooled                applying (a batch)
 *   applying   committed                            waiting; the batch is dropped from the spool
 *   applying   no answer, or the database is away   asking
 *   asking     connected; position before batch     applying (the same batch)
 *   asking     connected; position behind batch     as after a commit: it had come through
 *   asking     connected; any other position        stopped: the database was set back
 *   asking     no connection                        asking, after a pause
 * </pre>
 */
final class SpoolDrain {
  private static final Logger log = LoggerFactory.getLogger(SpoolDrain.class);

  /** Charges in one transaction, more or less a frame. */
  private static final int BATCH = 5_000;

  /** Below this, a batch waits a little for more: a commit costs as much as hundreds of rows. */
  private static final long SMALL_BYTES = 256 << 10;

  private static final long GATHER_MILLIS = 5;
  private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final long FIRST_PAUSE_MILLIS = 20;
  private static final long LONGEST_PAUSE_MILLIS = 1_000;
  private static final int CONNECT_ATTEMPTS = 10;
  private static final long CONNECT_PAUSE_MILLIS = 100;

  private final LedgerOptions options;
  private final Spool spool;
  private final SpoolLog.Reader reader;
  private final Outcome outcome;
  private final DistributionSummary batchSize;
  private final Counter retries;
  private final Thread thread;
  private final CompletableFuture<Boolean> ended = new CompletableFuture<>();
  private @Nullable Books books;
  private long applied;
  private long pauseMillis = FIRST_PAUSE_MILLIS;
  private volatile boolean answering = true;
  private volatile boolean closing;
  private volatile boolean abandoned;

  /** What became of charges; called on the drain's thread. */
  @FunctionalInterface
  interface Outcome {
    /** They are in the database, and this is what is leased of their accounts. */
    void applied(SpoolBatch batch, List<Leased> leases);
  }

  private SpoolDrain(
      LedgerOptions options, Spool spool, Books books, Outcome outcome, MeterRegistry metrics) {
    this.options = options;
    this.spool = spool;
    this.books = books;
    this.applied = spool.applied();
    this.reader = spool.log().reader();
    this.outcome = outcome;
    this.batchSize = metrics.summary("ledger.apply.size");
    this.retries = metrics.counter("ledger.retries");
    this.thread = Thread.ofPlatform().daemon().name("spool-drain").unstarted(this::run);
  }

  /**
   * Connects, compares spool and database, applies what an earlier run has left, and gives back
   * what it had leased. Blocks.
   *
   * @throws LedgerException a sentence that says why not, and what to do
   */
  static SpoolDrain open(LedgerOptions options, Outcome outcome, MeterRegistry metrics) {
    Books books = connect(options);
    try {
      Spool spool = Spool.open(options, books);
      SpoolDrain drain = new SpoolDrain(options, spool, books, outcome, metrics);
      try {
        drain.replay(books);
        books.giveBackAll();
        return drain;
      } catch (IOException | SQLException | RuntimeException e) {
        drain.letGo();
        throw e;
      }
    } catch (IOException | SQLException e) {
      closeQuietly(books);
      throw new LedgerException("the ledger cannot be opened: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      closeQuietly(books);
      throw e;
    }
  }

  /** A predecessor that was killed has the lock until the server notices: tries for a second. */
  private static Books connect(LedgerOptions options) {
    for (int attempt = 1; ; attempt++) {
      try {
        return Books.connect(options);
      } catch (SQLException e) {
        if (attempt == CONNECT_ATTEMPTS) {
          throw new LedgerException("PostgreSQL cannot be reached at " + options.database(), e);
        }
      } catch (LedgerException e) {
        if (attempt == CONNECT_ATTEMPTS) {
          throw e;
        }
      }
      try {
        Thread.sleep(CONNECT_PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new LedgerException("interrupted while connecting", e);
      }
    }
  }

  SpoolLog log() {
    return spool.log();
  }

  void start() {
    thread.start();
  }

  /** Whether the database answered the last time, and is the one that it was. */
  boolean answering() {
    return answering;
  }

  /**
   * Ends when all is applied, and gives leased credit back.
   *
   * @return completes on any thread with whether the spool is empty
   */
  CompletableFuture<Boolean> close() {
    closing = true;
    spool.log().wake();
    return ended;
  }

  /** Ends now, as a kill would: what is spooled stays there, what is leased stays leased. */
  CompletableFuture<Boolean> abandon() {
    abandoned = true;
    return close();
  }

  private void replay(Books open) throws IOException, SQLException {
    long end = spool.log().end();
    int charges = 0;
    while (applied < end) {
      SpoolBatch batch = gather();
      open.apply(spool.identity(), batch);
      confirmed(batch);
      charges += batch.size();
    }
    if (charges > 0) {
      log.atInfo()
          .addKeyValue("event", "spool.replayed")
          .addKeyValue("charges", charges)
          .log("applied what the last run had left");
    }
  }

  private void run() {
    boolean empty = false;
    try {
      while (!abandoned) {
        long waiting = spool.log().await(applied, closing ? 0 : WAIT_NANOS);
        if (waiting == 0 && closing) {
          break;
        }
        if (waiting > 0) {
          if (waiting < SMALL_BYTES && !closing) {
            Thread.sleep(GATHER_MILLIS);
          }
          drain(gather());
        }
      }
      empty = !abandoned && leave();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException | RuntimeException | Error e) {
      answering = false;
      log.atError()
          .addKeyValue("event", "spool.failed")
          .log("charges are no longer applied; they are kept in the spool", e);
    } finally {
      letGo();
      ended.complete(empty);
    }
  }

  private SpoolBatch gather() throws IOException {
    SpoolBatch batch = new SpoolBatch(applied);
    while (batch.size() < BATCH) {
      SpoolLog.Found found = reader.read(batch.end());
      if (found == null) {
        break;
      }
      batch.add(found);
    }
    return batch;
  }

  /** Applies a batch, however long the database is away. */
  private void drain(SpoolBatch batch) throws IOException, InterruptedException {
    batchSize.record(batch.size());
    while (!abandoned) {
      try {
        Books open = books;
        List<Leased> leases;
        if (open != null) {
          leases = open.apply(spool.identity(), batch);
        } else {
          open = Books.connect(options);
          books = open;
          if (!isApplied(batch, open)) {
            continue;
          }
          leases = open.leases(batch.sums().keySet());
        }
        pauseMillis = FIRST_PAUSE_MILLIS;
        answering = true;
        confirmed(batch);
        outcome.applied(batch, leases);
        return;
      } catch (SQLException e) {
        trouble(batch, e);
      } catch (LedgerException e) {
        if (books != null) {
          throw e; // the database was set back
        }
        trouble(batch, e);
      }
    }
  }

  /** Asks a fresh connection whether the batch had come through after all. */
  private boolean isApplied(SpoolBatch batch, Books open) throws SQLException {
    Position stored = open.position();
    if (stored != null && stored.spool().equals(spool.identity().spool())) {
      if (stored.applied() == batch.end()) {
        return true;
      }
      if (stored.applied() == batch.from) {
        return false;
      }
    }
    throw Spool.setBack(options, stored == null ? 0 : stored.applied(), batch.from);
  }

  private void trouble(SpoolBatch batch, Exception e) throws InterruptedException {
    retries.increment();
    answering = e instanceof SQLException refused && !Database.isTrouble(refused.getSQLState());
    log.atWarn()
        .addKeyValue("event", "ledger.retry")
        .addKeyValue("charges", batch.size())
        .addKeyValue("pauseMillis", pauseMillis)
        .log("charges wait in the spool and are sent again: {}", firstLine(e));
    closeQuietly(books);
    books = null;
    Thread.sleep(pauseMillis);
    pauseMillis = Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS);
  }

  /** PostgreSQL adds the whole statement. */
  private static String firstLine(Exception e) {
    return e.toString().lines().findFirst().orElse("");
  }

  private void confirmed(SpoolBatch batch) throws IOException {
    applied = batch.end();
    spool.folder().applied(applied);
    spool.log().dropBefore(applied);
  }

  private boolean leave() {
    Books open = books;
    if (open == null) {
      return false;
    }
    try {
      open.giveBackAll();
      open.leaveClean(spool.identity());
      return true;
    } catch (SQLException e) {
      log.atWarn().addKeyValue("event", "ledger.left").log("leases stay: {}", e.toString());
      return false;
    }
  }

  /** Lets go of files and connection. */
  private void letGo() {
    closeQuietly(reader);
    closeQuietly(spool.log());
    closeQuietly(books);
    closeQuietly(spool.folder());
  }

  private static void closeQuietly(@Nullable AutoCloseable part) {
    try {
      if (part != null) {
        part.close();
      }
    } catch (Exception e) {
      log.atDebug().log("closing: {}", e.toString());
    }
  }
}
