package org.cocoon.client.pay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.cocoon.client.pay.VoucherBook.Promised;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VoucherBookTest {
  private static final TonAddress CHANNEL = TonAddress.parse("0:" + "11".repeat(32));
  private static final ReceiptKey KEY = ReceiptKey.ofSeed(new byte[32]);
  private static final long LIFE = 10_000;

  @TempDir private Path folder;
  private Instant now = Instant.parse("2026-11-26T12:00:00Z");

  private VoucherBook book(long budget) {
    InstantSource clock = () -> now;
    return VoucherBook.open(
        folder.resolve("voucher.key"), KEY, -3, CHANNEL, new NanoTon(budget), LIFE, clock);
  }

  private static NanoTon nano(long amount) {
    return new NanoTon(amount);
  }

  private Path file() {
    return folder.resolve("voucher.key." + "11".repeat(32) + ".json");
  }

  @Test
  void aCeilingCoversWhatWasChargedAndWhatRunsAndNeverGoesBack() throws Exception {
    VoucherBook book = book(1_000);
    Promised first = book.promise(nano(100));
    assertEquals(100, first.voucher().ceiling().nanos());
    assertTrue(first.voucher().isSignedBy(KEY.publicKey()));
    Promised second = book.promise(nano(50));
    assertEquals(150, second.voucher().ceiling().nanos());
    book.settle(first, nano(30), "receipt");
    book.settle(second, nano(0), "");
    assertEquals(150, book.promise(nano(10)).voucher().ceiling().nanos(), "not back to 40");
    assertEquals(230, book.promise(nano(190)).voucher().ceiling().nanos(), "30 + 10 + 190");
    assertEquals("receipt", book.standing().receipt());
  }

  @Test
  void twoBooksOfOneFileSeeEachOthersPromises() throws Exception {
    VoucherBook one = book(1_000);
    VoucherBook two = book(1_000);
    Promised promised = one.promise(nano(100));
    assertEquals(150, two.promise(nano(50)).voucher().ceiling().nanos());
    one.settle(promised, nano(100), "");
    assertEquals(160, two.promise(nano(10)).voucher().ceiling().nanos());
  }

  @Test
  void manyAtOnceNeverPromiseMoreThanTheBudget() throws Exception {
    List<Future<Long>> tries = new ArrayList<>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 30; i++) {
        tries.add(
            threads.submit(
                () -> {
                  try {
                    return book(1_000).promise(nano(100)).voucher().ceiling().nanos();
                  } catch (OverBudgetException e) {
                    return 0L;
                  }
                }));
      }
    }
    List<Long> ceilings = new ArrayList<>();
    for (Future<Long> each : tries) {
      ceilings.add(each.get());
    }
    assertEquals(10, ceilings.stream().filter(ceiling -> ceiling > 0).count());
    assertEquals(10, ceilings.stream().filter(ceiling -> ceiling > 0).distinct().count());
    assertEquals(1_000, book(1_000).standing().ceiling().nanos());
  }

  @Test
  void theBudgetHoldsToTheNanoton() throws Exception {
    VoucherBook book = book(100);
    Promised all = book.promise(nano(100));
    OverBudgetException poor = assertThrows(OverBudgetException.class, () -> book.promise(nano(1)));
    assertEquals(1, poor.missing().nanos());
    book.settle(all, nano(40), "");
    book.promise(nano(60));
    assertThrows(OverBudgetException.class, () -> book.promise(nano(1)));
    assertThrows(OverBudgetException.class, () -> book(100).raiseTo(nano(101)));
    VoucherBook rich = book(Long.MAX_VALUE);
    rich.promise(nano(Long.MAX_VALUE));
    assertEquals(Long.MAX_VALUE, rich.promise(nano(7)).voucher().ceiling().nanos(), "saturates");
  }

  @Test
  void whatADeadProcessHadRunningIsForgottenAndALivingOnesIsNot() throws Exception {
    long alive = ProcessHandle.current().parent().orElseThrow().pid();
    long started =
        ProcessHandle.of(alive).orElseThrow().info().startInstant().orElseThrow().toEpochMilli();
    Files.writeString(
        file(),
        "{\"version\":1,\"network\":-3,\"channel\":\"%s\",\"ceiling\":500,\"expires\":0,\"charged\":20,\"receipt\":\"\",\"running\":[{\"pid\":%d,\"started\":%d,\"amount\":300},{\"pid\":%d,\"started\":1,\"amount\":900}]}"
            .formatted(CHANNEL, alive, started, alive));
    assertEquals(300, book(10_000).standing().running().nanos());
    assertEquals(520, book(10_000).promise(nano(200)).voucher().ceiling().nanos());
  }

  @Test
  void aRouterIsBelievedUpToWhatWasPromised() throws Exception {
    VoucherBook book = book(1_000);
    book.settle(book.promise(nano(100)), nano(10), "");
    book.owed(nano(60));
    assertEquals(60, book.standing().charged().nanos());
    book.owed(nano(900));
    assertEquals(100, book.standing().charged().nanos(), "it was allowed no more");
    book.owed(nano(5));
    assertEquals(100, book.standing().charged().nanos(), "and nothing is forgotten");
  }

  @Test
  void aVoucherIsRenewedBeforeItEndsAndNeverShortened() throws Exception {
    long first = book(100).raiseTo(nano(10)).expires();
    assertEquals(now.getEpochSecond() + LIFE, first);
    now = now.plusSeconds(LIFE / 4);
    assertEquals(first, book(100).raiseTo(nano(10)).expires());
    now = now.plusSeconds(1);
    assertEquals(now.getEpochSecond() + LIFE, book(100).raiseTo(nano(10)).expires());
    now = now.minusSeconds(LIFE);
    assertTrue(book(100).raiseTo(nano(10)).expires() > first, "a clock that went back");
  }

  @Test
  void anotherChannelsOrADamagedFileIsRefused() throws Exception {
    book(100).raiseTo(nano(10));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file())));
    String good = Files.readString(file());
    for (String bad :
        List.of(
            good.replace("-3", "-239"),
            good.replace("1111", "1112"),
            good.replace("\"ceiling\":10", "\"ceiling\":-10"),
            good.replace("\"ceiling\":10", "\"ceiling\":1e3"),
            "{",
            "")) {
      Files.writeString(file(), bad);
      assertThrows(IOException.class, () -> book(100).raiseTo(nano(10)), bad);
    }
  }
}
