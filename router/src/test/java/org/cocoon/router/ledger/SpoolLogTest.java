package org.cocoon.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Promise;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.UsedTokens;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolLogTest {
  @TempDir Path folder;

  @Test
  void framesComeBackAsTheyWereWritten() throws IOException {
    List<SpoolFrame> written = new ArrayList<>();
    try (SpoolLog log = SpoolLog.open(folder, 4_000, 0)) {
      for (int i = 1; i <= 20; i++) {
        written.add(frame(i, i % 2 == 0));
        log.append(written.getLast());
      }
    }
    assertTrue(files().size() > 5, "several segments");
    try (SpoolLog log = SpoolLog.open(folder, 4_000, 0);
        SpoolLog.Reader reader = log.reader()) {
      long position = 0;
      for (SpoolFrame frame : written) {
        SpoolLog.Found found = assertNotNull2(reader.read(position));
        assertEquals(frame.charges(), found.frame().charges());
        List<Receipt> receipts = frame.all();
        assertEquals(receipts, found.frame().all());
        Receipt last = found.frame().receipt(receipts.size() - 1);
        assertEquals(receipts.getLast(), last);
        assertTrue(last.verify());
        position = found.end();
      }
      assertEquals(log.end(), position);
      assertNull(reader.read(position));
      log.dropBefore(position);
      assertEquals(1, files().size(), "the last file stays: its name is the position");
    }
    try (SpoolLog log = SpoolLog.open(folder, 4_000, 0)) {
      assertTrue(log.start() > 0);
    }
  }

  /** Wherever a crash cuts the last frame, what was confirmed before is kept and nothing else. */
  @Test
  void tornFrameAtTheEndIsCutOff() throws IOException {
    long whole;
    long all;
    try (SpoolLog log = SpoolLog.open(folder, 1 << 20, 0)) {
      log.append(frame(2, true));
      log.append(frame(1, true));
      whole = log.end();
      log.append(frame(1, true));
      all = log.end();
    }
    byte[] bytes = Files.readAllBytes(files().getFirst());
    for (int length = (int) whole; length < all; length++) {
      Files.write(files().getFirst(), java.util.Arrays.copyOf(bytes, length));
      try (SpoolLog log = SpoolLog.open(folder, 1 << 20, 0)) {
        assertEquals(whole, log.end(), "cut at " + length);
        assertEquals(whole, Files.size(files().getFirst()));
      }
    }
    // Blocks that the disk never wrote: a tail of zeros, or of stale bytes.
    byte[] zeros = java.util.Arrays.copyOf(bytes, bytes.length);
    java.util.Arrays.fill(zeros, (int) whole + 30, zeros.length, (byte) 0);
    Files.write(files().getFirst(), zeros);
    try (SpoolLog log = SpoolLog.open(folder, 1 << 20, 0)) {
      assertEquals(whole, log.end());
      log.append(frame(1, false));
      assertTrue(log.end() > whole);
    }
  }

  @Test
  void damageBeforeConfirmedChargesIsRefused() throws IOException {
    long first;
    try (SpoolLog log = SpoolLog.open(folder, 1 << 20, 0)) {
      log.append(frame(3, true));
      first = log.end();
      log.append(frame(1, true));
    }
    Path file = files().getFirst();
    byte[] bytes = Files.readAllBytes(file);
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 200; i++) {
      byte[] bad = bytes.clone();
      bad[random.nextInt((int) first)] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, bad);
      IOException refusal =
          assertThrows(IOException.class, () -> SpoolLog.open(folder, 1 << 20, 0), "seed " + seed);
      assertTrue(refusal.getMessage().contains("is damaged"), refusal.getMessage());
    }
  }

  @Test
  void missingSegmentIsRefused() throws IOException {
    try (SpoolLog log = SpoolLog.open(folder, 1_000, 0)) {
      for (int i = 0; i < 5; i++) {
        log.append(frame(4, true));
      }
    }
    Files.delete(files().get(2));
    IOException refusal = assertThrows(IOException.class, () -> SpoolLog.open(folder, 1_000, 0));
    assertTrue(refusal.getMessage().contains("are missing"), refusal.getMessage());
  }

  /** A write that fails leaves the log as it was, and the same frame is taken later. */
  @Test
  void frameThatTheDiskRefusedIsTakenLater() throws IOException {
    SpoolFrame refused = frame(2, true);
    long before;
    try (SpoolLog log = SpoolLog.open(folder, 1 << 20, 0)) {
      log.append(frame(1, true));
      before = log.end();
      log.close(); // as a disk that has gone
      assertThrows(IOException.class, () -> log.append(refused));
      assertEquals(before, log.end());
      log.append(refused);
      try (SpoolLog.Reader reader = log.reader()) {
        assertEquals(refused.charges(), assertNotNull2(reader.read(before)).frame().charges());
      }
    }
    try (SpoolLog log = SpoolLog.open(folder, 1 << 20, 0)) {
      assertTrue(log.end() > before);
    }
  }

  private static SpoolLog.Found assertNotNull2(
      SpoolLog.@org.jspecify.annotations.Nullable Found found) {
    assertNotNull(found);
    return found;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private static SpoolFrame frame(int charges, boolean settled) {
    List<PendingCharge> all = new ArrayList<>();
    for (int i = 0; i < charges; i++) {
      Ledger.Account account = new Ledger.Account(i, "account", i % 3);
      Ledger.Usage usage =
          new Ledger.Usage(
              "modèle-" + i,
              new UsedTokens(30, i, 40, 2),
              new Price(1_000_000_000, 2, 3, 4),
              1_100,
              new NanoTon(7L * i),
              "worker ✓",
              i % 2 == 0 ? "" : "0:" + "7a".repeat(32));
      Ledger.Hold hold = new Ledger.Hold(account, UUID.randomUUID(), new NanoTon(1_000_000));
      all.add(new PendingCharge(hold, usage, 1_790_000_000_123L + i, 0, Promise.promise()));
    }
    return SpoolFrame.sign(TestRouter.KEY, settled ? TestRouter.SETTLEMENT : null, all);
  }
}
