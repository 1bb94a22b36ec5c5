package org.cocoon.router.settlement;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.util.concurrent.CountDownLatch;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.router.ledger.DatabaseUrl;

/** A process that settles until it is killed. */
final class SettlingChild {
  private SettlingChild() {}

  /** Arguments: database, endpoint, registry, and two seeds in hexadecimal digits. */
  public static void main(String[] arguments) throws Exception {
    SettlementProcess process =
        SettlementProcess.open(
            TestBooks.options(TonAddress.parse(arguments[2])),
            TestDevnet.client(URI.create(arguments[1])),
            DatabaseUrl.parse(arguments[0]),
            key(arguments[3]),
            key(arguments[4]),
            new SimpleMeterRegistry());
    process.start();
    System.out.println("settling");
    new CountDownLatch(1).await();
  }

  private static ReceiptKey key(String seed) {
    return ReceiptKey.ofSeed(java.util.HexFormat.of().parseHex(seed));
  }
}
