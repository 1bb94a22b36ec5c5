package org.cocoon.router.ledger;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.cocoon.contracts.NanoTon;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.HoldOutcome;

/**
 * A router that charges as fast as it can until it is killed, and tells what was confirmed: a line
 * for each receipt, with the request's id. What a request costs follows from its id.
 *
 * <p>Arguments: the database's URL, the spool's folder.
 */
final class LedgerKillChild {
  static final String ROUTER = "killed";
  static final int ACCOUNTS = 4;

  /** Exit code: there is no database yet. */
  static final int NOT_OPENED = 2;

  private static final int LOOPS = 64;
  private static final int MAX_COST = 1_000;

  private final PostgresLedger ledger;
  private final Context context;
  private final BufferedWriter out =
      new BufferedWriter(
          new OutputStreamWriter(
              new FileOutputStream(FileDescriptor.out), StandardCharsets.US_ASCII));
  private boolean flushing;

  private LedgerKillChild(PostgresLedger ledger, Context context) {
    this.ledger = ledger;
    this.context = context;
  }

  static LedgerOptions options(DatabaseUrl database, Path spool) {
    return LedgerOptions.of(database, ROUTER, spool)
        .withLeaseChunk(new NanoTon(1_000_000))
        .withSettlement(TestRouter.SETTLEMENT);
  }

  static long costOf(UUID request) {
    return Math.floorMod(request.getLeastSignificantBits(), MAX_COST);
  }

  public static void main(String[] arguments) {
    Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    Context context = vertx.getOrCreateContext();
    PostgresLedger.open(
            context,
            options(DatabaseUrl.parse(arguments[0]), Path.of(arguments[1])),
            _ -> TestRouter.KEY,
            new SimpleMeterRegistry())
        .onSuccess(
            ledger -> {
              LedgerKillChild child = new LedgerKillChild(ledger, context);
              for (int i = 0; i < LOOPS; i++) {
                child.next(new Account(1 + i % ACCOUNTS, "account"));
              }
            })
        .onFailure(
            fault -> {
              System.err.println(fault);
              System.exit(NOT_OPENED);
            });
  }

  private void next(Account account) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    UUID request = new UUID(random.nextLong(), random.nextLong());
    ledger
        .hold(account, request, new NanoTon(MAX_COST))
        .onComplete(
            done -> {
              if (done.succeeded() && done.result() instanceof HoldOutcome.Held held) {
                ledger
                    .charge(held.hold(), TestRouter.usage(costOf(request)))
                    .onSuccess(_ -> confirmed(request))
                    .onComplete(_ -> next(account));
              } else { // the database is away, and the lease used up
                context.owner().setTimer(20, _ -> next(account));
              }
            });
  }

  private void confirmed(UUID request) {
    try {
      out.write(request + "\n");
      if (!flushing) {
        flushing = true;
        context.runOnContext(_ -> flush());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void flush() {
    flushing = false;
    try {
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
