package org.cocoon.router;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Stream;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.UsedTokens;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedRoot;
import org.cocoon.link.sealing.SealingKeys;
import org.cocoon.link.sealing.SecretSealingKeys;
import org.cocoon.router.ledger.DatabaseUrl;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.HoldOutcome;
import org.cocoon.router.ledger.Ledger.Usage;
import org.cocoon.router.ledger.LedgerOptions;
import org.cocoon.router.ledger.PostgresLedger;
import org.cocoon.router.ledger.TestPostgres;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A router's receipt key over restarts, with counters in a real PostgreSQL. */
class ReceiptKeyFileTest {
  private static final ImageMeasurement IMAGE = new ImageMeasurement("5a".repeat(48));
  private static final ImageMeasurement NEXT_IMAGE = new ImageMeasurement("5b".repeat(48));

  @TempDir Path data;
  @TempDir Path tee;
  private DatabaseUrl database;

  @BeforeEach
  void freshDatabase() throws Exception {
    database = TestPostgres.freshDatabase();
  }

  @Test
  void restartKeepsTheKeyAndOnlyItsSealedFile() throws Exception {
    ReceiptKey first = start(IMAGE);
    assertArrayEquals(first.publicKey(), start(IMAGE).publicKey());
    assertEquals(List.of("receipt.key.lock", "receipt.key.sealed"), files());
    assertNowhereInClear(first);
  }

  @Test
  void anotherImageGetsANewKeyAndTheFirstOneFindsItsOwnAgain() throws Exception {
    ReceiptKey first = start(IMAGE);
    ReceiptKey next = start(NEXT_IMAGE);
    assertFalse(Arrays.equals(first.publicKey(), next.publicKey()));
    assertTrue(
        files().stream().anyMatch(name -> name.matches("receipt\\.key\\.sealed\\.[0-9a-f]{32}")),
        files().toString());
    assertArrayEquals(next.publicKey(), start(NEXT_IMAGE).publicKey());
    assertArrayEquals(first.publicKey(), start(IMAGE).publicKey());
    assertArrayEquals(next.publicKey(), start(NEXT_IMAGE).publicKey());
  }

  @Test
  void receiptsOfTheKeyBeforeStillVerify() throws Exception {
    AtomicReference<UUID> request = new AtomicReference<>();
    AtomicReference<ReceiptKey> first = new AtomicReference<>();
    Receipt issued =
        during(
            key -> {
              first.set(key);
              return key;
            },
            IMAGE,
            false,
            ledger -> charge(ledger, request));
    Receipt kept =
        during(
            key -> key,
            NEXT_IMAGE,
            false,
            ledger ->
                ledger
                    .accounts()
                    .open("alice")
                    .compose(account -> ledger.receipt(account, request.get())));
    assertEquals(issued, kept);
    assertTrue(kept.verify());
    assertArrayEquals(first.get().publicKey(), kept.routerKey());
  }

  @Test
  void rolledBackFileIsRefusedUntilItIsGivenUp() throws Exception {
    Path file = data.resolve(ReceiptKeyFile.SEALED);
    ReceiptKey lost = start(IMAGE);
    byte[] old = Files.readAllBytes(file);
    Files.delete(file);
    assertRefused("REMOVED");
    ReceiptKey second = start(IMAGE, true);
    assertArrayEquals(second.publicKey(), start(IMAGE).publicKey());

    Files.write(file, old);
    assertRefused("ROLLED_BACK");
    assertRefused("ROLLED_BACK");
    ReceiptKey third = start(IMAGE, true);
    assertFalse(Arrays.equals(third.publicKey(), lost.publicKey()));
    assertArrayEquals(third.publicKey(), start(IMAGE, true).publicKey(), "a good one is kept");
    assertArrayEquals(old, Files.readAllBytes(data.resolve("receipt.key.sealed.given-up-2")));
  }

  @Test
  void databaseThatWasSetBackIsNoticed() throws Exception {
    start(IMAGE);
    Files.delete(data.resolve(ReceiptKeyFile.SEALED));
    start(IMAGE, true);
    database = TestPostgres.freshDatabase();
    assertRefused("COUNTER_BEHIND");
  }

  @Test
  void damagedFileIsRefusedWhereverItIsDamaged() throws Exception {
    Path file = data.resolve(ReceiptKeyFile.SEALED);
    start(IMAGE);
    byte[] good = Files.readAllBytes(file);
    for (int at : new int[] {0, 20, 20 + "receipt-key".length() + 8, good.length - 1}) {
      byte[] bad = good.clone();
      bad[at] ^= 1;
      Files.write(file, bad);
      assertRefused(
          at == 0 ? "MALFORMED" : at == 20 ? "OTHER_LABEL" : at < 50 ? "OTHER_KEY" : "DAMAGED");
      assertArrayEquals(bad, Files.readAllBytes(file), "it is left as it was");
    }
  }

  @Test
  void takenOverKeyLeavesNoPlainByteBehind() throws Exception {
    ReceiptKey plain = ReceiptKey.loadOrCreate(data.resolve(ReceiptKeyFile.PLAIN));
    byte[] pem = Files.readAllBytes(data.resolve(ReceiptKeyFile.PLAIN));
    // Another name of the same bytes on the disk shows what is left of them there.
    Path sameBytes =
        Files.createLink(tee.resolve("same-bytes"), data.resolve(ReceiptKeyFile.PLAIN));
    assertArrayEquals(plain.publicKey(), start(IMAGE).publicKey());
    assertEquals(List.of("receipt.key.lock", "receipt.key.sealed"), files());
    assertNowhereInClear(plain);
    assertArrayEquals(new byte[pem.length], Files.readAllBytes(sameBytes));
    assertArrayEquals(plain.publicKey(), start(IMAGE).publicKey());
  }

  @Test
  void crashInTheTakeoverIsMadeGoodAndAnotherPlainKeyIsRefused() throws Exception {
    ReceiptKey plain = ReceiptKey.loadOrCreate(data.resolve(ReceiptKeyFile.PLAIN));
    Path copy = Files.copy(data.resolve(ReceiptKeyFile.PLAIN), tee.resolve("copy"));
    start(IMAGE);
    Files.move(copy, data.resolve(ReceiptKeyFile.PLAIN)); // sealed, and not removed yet
    assertArrayEquals(plain.publicKey(), start(IMAGE).publicKey());
    assertNowhereInClear(plain);

    ReceiptKey.loadOrCreate(data.resolve(ReceiptKeyFile.PLAIN));
    IOException refused = assertThrows(IOException.class, () -> start(IMAGE));
    assertTrue(refused.toString().contains("another key than the sealed one"), refused.toString());
  }

  private void assertRefused(String reason) {
    IOException refused = assertThrows(IOException.class, () -> start(IMAGE));
    String sentence = String.valueOf(refused.getMessage());
    assertTrue(sentence.contains("(" + reason + ")"), sentence);
    assertTrue(sentence.contains("--new-receipt-key"), sentence);
  }

  private void assertNowhereInClear(ReceiptKey key) throws IOException {
    String seed = new String(key.seed(), ISO_8859_1);
    byte[] aligned = Arrays.copyOfRange(key.seed(), 2, 32); // after the 16 bytes before it in PEM
    String base64 = Base64.getEncoder().encodeToString(aligned);
    try (Stream<Path> all = Files.walk(data)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        String content = Files.readString(file, ISO_8859_1);
        assertFalse(content.contains(seed), file + " holds the seed");
        assertFalse(content.contains(base64), file + " holds it in base64");
        assertFalse(content.contains("PRIVATE KEY"), file + " is a key file");
      }
    }
  }

  private List<String> files() throws IOException {
    try (Stream<Path> all = Files.list(data)) {
      return all.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  private ReceiptKey start(ImageMeasurement image) throws Exception {
    return start(image, false);
  }

  /** Starts a router's ledger with its key, and stops it. */
  private ReceiptKey start(ImageMeasurement image, boolean giveUp) throws Exception {
    AtomicReference<ReceiptKey> key = new AtomicReference<>();
    during(
        used -> {
          key.set(used);
          return used;
        },
        image,
        giveUp,
        ledger -> Future.succeededFuture());
    return key.get();
  }

  private <T> T during(
      Function<ReceiptKey, ReceiptKey> seen,
      ImageMeasurement image,
      boolean giveUp,
      Function<PostgresLedger, Future<T>> work)
      throws Exception {
    SealingKeys keys =
        SecretSealingKeys.simulated(
            SimulatedRoot.in(tee, InstantSource.system()), image, Role.ROUTER);
    ReceiptKeyFile file = new ReceiptKeyFile(data, new SecureRandom());
    Vertx vertx = Vertx.vertx();
    Context context = vertx.getOrCreateContext();
    Promise<T> done = Promise.promise();
    PostgresLedger.open(
            context,
            LedgerOptions.of(database, "router-1"),
            counter -> seen.apply(file.sealed(keys, counter, giveUp)),
            new SimpleMeterRegistry())
        .compose(ledger -> work.apply(ledger).eventually(ledger::close))
        .onComplete(done);
    try {
      return await(done.future());
    } finally {
      await(vertx.close());
    }
  }

  private static Future<Receipt> charge(PostgresLedger ledger, AtomicReference<UUID> request) {
    request.set(UUID.randomUUID());
    return ledger
        .accounts()
        .open("alice")
        .compose(
            account ->
                ledger
                    .accounts()
                    .deposit(account, "deposit", new NanoTon(10_000))
                    .compose(_ -> hold(ledger, account, request.get())))
        .compose(
            held ->
                ledger.charge(
                    held.hold(),
                    new Usage(
                        "smollm2",
                        UsedTokens.of(10, 20),
                        Price.perMillion(10_000_000),
                        1000,
                        new NanoTon(300),
                        "worker-1",
                        "")));
  }

  private static Future<HoldOutcome.Held> hold(
      PostgresLedger ledger, Account account, UUID request) {
    return ledger
        .hold(account, request, new NanoTon(700))
        .map(
            outcome -> {
              if (outcome instanceof HoldOutcome.Held held) {
                return held;
              }
              throw new AssertionError("expected a hold, not " + outcome);
            });
  }

  private static <T> T await(Future<T> future) throws Exception {
    try {
      return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }
}
