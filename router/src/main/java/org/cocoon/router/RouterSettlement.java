package org.cocoon.router;

import com.google.protobuf.ByteString;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.chain.ToncenterChain;
import org.cocoon.link.wire.Earnings;
import org.cocoon.link.wire.Uplink;
import org.cocoon.link.wire.Welcome;
import org.cocoon.router.RouterOptions.ChainAccess;
import org.cocoon.router.edge.ChainPlaces;
import org.cocoon.router.fleet.UplinkServer;
import org.cocoon.router.ledger.DatabaseUrl;
import org.cocoon.router.ledger.LedgerOptions;
import org.cocoon.router.settlement.NoSettlement;
import org.cocoon.router.settlement.Settlement;
import org.cocoon.router.settlement.SettlementException;
import org.cocoon.router.settlement.SettlementProcess;
import org.cocoon.router.settlement.SettlementTerms;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A router's side of the chain: what it settles under, if it does, and who is told of it. */
final class RouterSettlement implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RouterSettlement.class);
  private static final Duration EARNINGS_PAUSE = Duration.ofSeconds(2);
  private static final double LOCAL_REQUESTS_PER_SECOND = 1_000;

  private final @Nullable ChainAccess access;
  private final Context context;
  private final MeterRegistry metrics;
  private @Nullable ToncenterChain chain;
  private @Nullable SettlementProcess process;
  private volatile Settlement settlement = new NoSettlement();
  private volatile boolean stopping;

  /**
   * A side of the chain that {@link #open} opens.
   *
   * @param access to the chain; null: there is none
   * @param context of the router's event loop
   */
  RouterSettlement(@Nullable ChainAccess access, Context context, MeterRegistry metrics) {
    this.access = access;
    this.context = context;
    this.metrics = metrics;
  }

  /**
   * Opens it; blocks: asks the chain, and makes the ledger's rows.
   *
   * @return what the ledger needs to know; null where nobody settles
   */
  LedgerOptions.@Nullable Settlement open(DatabaseUrl database, ReceiptKey key) throws IOException {
    ChainAccess given = access;
    if (given == null) {
      return null;
    }
    SettlementProcess opened;
    if (given.settle()) {
      ToncenterChain network = network(given);
      chain = network;
      ReceiptKey operator = ReceiptKey.loadOrCreate(given.operatorKey());
      opened =
          SettlementProcess.open(given.settlement(), network, database, operator, key, metrics);
    } else {
      opened = SettlementProcess.join(given.settlement(), database, key, metrics).orElse(null);
    }
    if (opened == null) {
      log.info(
          "event=settles_not detail=\"no router of this ledger settles; start one with --settle\"");
      return null;
    }
    process = opened;
    settlement = opened.settlement(context);
    SettlementTerms terms = opened.terms();
    return new LedgerOptions.Settlement(
        terms.networkId(), terms.address(), terms.contract().owner(), terms.feePermille());
  }

  private static ToncenterChain network(ChainAccess access) {
    ToncenterChain.Options usual =
        ToncenterChain.Options.of(access.settlement().networkId(), access.endpoints());
    boolean local =
        access.endpoints().stream()
            .allMatch(
                uri -> uri.getHost().equals("127.0.0.1") || uri.getHost().equals("localhost"));
    return new ToncenterChain(
        new ToncenterChain.Options(
            usual.networkId(),
            usual.endpoints(),
            Optional.ofNullable(access.apiKey()),
            local ? LOCAL_REQUESTS_PER_SECOND : usual.requestsPerSecond(),
            usual.timeout(),
            usual.attempts()));
  }

  /** What clients and payees can ask of the chain. Any thread. */
  Settlement settlement() {
    return settlement;
  }

  /** Where a client finds the chain. */
  ChainPlaces places() {
    return access == null
        ? ChainPlaces.NONE
        : ChainPlaces.of(access.settlement().networkId(), access.endpoints());
  }

  /** What a worker is greeted with. */
  Welcome welcome(String router) {
    Welcome.Builder welcome = Welcome.newBuilder().setVersion(Uplink.VERSION).setRouter(router);
    settlement
        .terms()
        .ifPresent(
            terms ->
                welcome
                    .setReceiptKey(ByteString.copyFrom(terms.contract().routerKey()))
                    .setSettlement(terms.address().toString())
                    .setNetworkId(terms.networkId()));
    return welcome.build();
  }

  /** Starts to settle, and to tell workers what they have earned. */
  void start(UplinkServer workers) {
    SettlementProcess settling = process;
    if (settling == null) {
      return;
    }
    settling.start();
    Thread.ofVirtual()
        .name("earnings")
        .start(
            () -> {
              while (!stopping) {
                tellEarnings(settling, workers);
              }
            });
  }

  private void tellEarnings(SettlementProcess settling, UplinkServer workers) {
    try {
      Thread.sleep(EARNINGS_PAUSE);
      CompletableFuture<Set<String>> payouts = new CompletableFuture<>();
      context.runOnContext(ignored -> payouts.complete(workers.payouts()));
      Map<String, Earnings> earnings = settling.earnings(payouts.get());
      context.runOnContext(ignored -> workers.earned(earnings));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopping = true;
    } catch (ExecutionException | SettlementException | RuntimeException e) {
      log.warn("event=earnings_not_told reason=\"{}\"", e.getMessage());
    }
  }

  /** Says that the router stops: earnings are told no more. */
  void stopping() {
    stopping = true;
  }

  /** Blocks until what settles has stopped. */
  @Override
  public void close() {
    stopping = true;
    SettlementProcess settling = process;
    if (settling != null) {
      settling.close();
    }
    ToncenterChain network = chain;
    if (network != null) {
      network.close();
    }
  }
}
