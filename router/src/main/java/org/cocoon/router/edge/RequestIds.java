package org.cocoon.router.edge;

import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** Request ids: UUID version 7 (RFC 9562), so that rows of the ledger lie in the order of time. */
final class RequestIds {
  private RequestIds() {}

  static UUID next() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    long high = (System.currentTimeMillis() << 16) | 0x7000 | random.nextInt(1 << 12);
    long low = (random.nextLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
    return new UUID(high, low);
  }
}
