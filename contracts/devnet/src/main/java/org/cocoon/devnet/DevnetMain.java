package org.cocoon.devnet;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.cocoon.devnet.api.DevnetServer;
import org.cocoon.devnet.chain.ChainException;
import org.cocoon.devnet.chain.ChainOptions;
import org.cocoon.devnet.chain.ChainThread;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The devnet's program. */
@Command(
    name = "devnet",
    mixinStandardHelpOptions = true,
    version = DevnetMain.VERSION,
    sortOptions = false,
    description =
        "A TON network of one node on this machine: real TVM, simulated consensus, free Toncoin."
            + " It speaks toncenter's API, version 2.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      " 0:stopped",
      " 2:wrong usage",
      " 3:the chain's data cannot be used",
      " 4:the address is taken"
    },
    footer = {
      "",
      "Examples:",
      "  devnet --data .cocoon/chain",
      "  devnet --listen 127.0.0.1:0 --seed $(openssl rand -hex 32)",
      "  curl 'http://127.0.0.1:8081/api/v2/getMasterchainInfo'",
      "  curl -d '{\"address\": \"UQ...\", \"amount\": \"5000000000\"}' \\",
      "    http://127.0.0.1:8081/devnet/faucet",
      "  curl -d '{\"advanceSeconds\": 86400}' http://127.0.0.1:8081/devnet/time"
    })
public final class DevnetMain implements Callable<Integer> {
  /** Version of this program. */
  public static final String VERSION = "0.1.0";

  private static final Logger log = LoggerFactory.getLogger(DevnetMain.class);
  private static final int WRONG_USAGE = 2;
  private static final int BAD_DATA = 3;
  private static final int TAKEN = 4;
  private static final long STOP_SECONDS = 10;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      defaultValue = "127.0.0.1:8081",
      description = "Where the API and the explorer are (default ${DEFAULT-VALUE}; port 0: any).")
  private String listen = "";

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Keep the chain here (default: nothing is kept).")
  private @Nullable Path data;

  @Option(
      names = "--seed",
      paramLabel = "HEX",
      description = "32 bytes from which the faucet's wallet comes (default: by chance).")
  private @Nullable String seed;

  @Option(
      names = "--block-seconds",
      defaultValue = "5",
      description = "Between two blocks without transactions, 0: none (default ${DEFAULT-VALUE}).")
  private int blockSeconds;

  @Option(
      names = "--history",
      defaultValue = "500000",
      description = "Transactions that can be asked for (default ${DEFAULT-VALUE}).")
  private int history;

  private DevnetMain() {}

  /** Runs until it is told to stop. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new DevnetMain()).execute(arguments));
  }

  @Override
  public Integer call() throws InterruptedException {
    InetSocketAddress address = address();
    ChainThread chain;
    try {
      chain =
          ChainThread.open(
              new ChainOptions(data, seedBytes(), blockSeconds, history, Clock.systemUTC()));
    } catch (ChainException e) {
      System.err.println("devnet: " + e.getMessage());
      return e.kind() == ChainException.Kind.WRONG ? WRONG_USAGE : BAD_DATA;
    }
    Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    HttpServer server;
    try {
      server =
          new DevnetServer(vertx, chain).listen(address.getHostString(), address.getPort()).await();
    } catch (RuntimeException e) {
      System.err.println("devnet: cannot listen on " + listen + ": " + e.getMessage());
      vertx.close().await();
      chain.close();
      return TAKEN;
    }
    log.info("SIMULATED chain: real TVM, no consensus, Toncoin without value");
    log.info(
        "event=listening api={}:{} data={} version={}",
        address.getHostString(),
        server.actualPort(),
        data == null ? "none" : data,
        VERSION);
    waitForStop(vertx, chain);
    return 0;
  }

  /** Until TERM or Ctrl-C; then the chain's log is on the disk before the process ends. */
  private static void waitForStop(Vertx vertx, ChainThread chain) throws InterruptedException {
    CountDownLatch stop = new CountDownLatch(1);
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  stop.countDown();
                  try {
                    if (!stopped.await(STOP_SECONDS, TimeUnit.SECONDS)) {
                      log.warn("event=stops_late");
                    }
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                }));
    stop.await();
    vertx.close().await();
    chain.close();
    log.info("event=stopped");
    stopped.countDown();
  }

  private InetSocketAddress address() {
    int colon = listen.lastIndexOf(':');
    try {
      int port = Integer.parseInt(listen.substring(colon + 1));
      if (colon > 0 && port >= 0 && port <= 65_535) {
        return InetSocketAddress.createUnresolved(listen.substring(0, colon), port);
      }
    } catch (NumberFormatException e) {
      throw wrong("--listen takes HOST:PORT, for example 127.0.0.1:8081");
    }
    throw wrong("--listen takes HOST:PORT, for example 127.0.0.1:8081");
  }

  private byte @Nullable [] seedBytes() {
    String text = seed;
    if (text == null) {
      return null;
    }
    try {
      return HexFormat.of().parseHex(text);
    } catch (IllegalArgumentException e) {
      throw wrong("--seed takes 64 hexadecimal digits");
    }
  }

  private ParameterException wrong(String message) {
    CommandSpec known = spec;
    if (known == null) {
      throw new IllegalStateException("not called by picocli");
    }
    return new ParameterException(known.commandLine(), message);
  }
}
