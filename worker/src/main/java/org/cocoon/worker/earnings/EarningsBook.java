package org.cocoon.worker.earnings;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.cocoon.link.wire.CommittedEarnings;
import org.cocoon.link.wire.Earnings;
import org.cocoon.link.wire.Welcome;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What each router owes the owner of this worker, by the newest statement that holds.
 *
 * <p>Each settlement contract has a file {@code settlement-HASH.json} in the folder: all that it
 * takes to claim on chain when the router is gone. A statement that does not hold, or that says
 * less than an earlier one, changes nothing and is logged. Thread-safe; {@link #heard} blocks on a
 * disk.
 */
public final class EarningsBook {
  private static final Logger log = LoggerFactory.getLogger(EarningsBook.class);
  private static final HexFormat HEX = HexFormat.of();

  /** More settlement contracts than a worker has routers are not remembered. */
  private static final int MAX_SETTLEMENTS = 64;

  private final PayoutAddress payee;
  private final @Nullable Path folder;
  private final Map<String, Owed> owed = new TreeMap<>();

  /**
   * Who pays, as its welcome said over the attested link.
   *
   * @param receiptKey Ed25519, 32 bytes
   * @param networkId TON's global id
   * @param settlement its contract
   */
  public record Payer(ByteString receiptKey, int networkId, PayoutAddress settlement) {
    /** As a welcome says it; empty if it names no contract. */
    public static Optional<Payer> of(Welcome welcome) {
      if (welcome.getSettlement().isEmpty()) {
        return Optional.empty();
      }
      try {
        return Optional.of(
            new Payer(
                welcome.getReceiptKey(),
                welcome.getNetworkId(),
                PayoutAddress.parse(welcome.getSettlement())));
      } catch (IllegalArgumentException e) {
        log.error("event=payer_refused reason=\"{}\"", e.getMessage());
        return Optional.empty();
      }
    }
  }

  /**
   * What one router owes; amounts in nanoTON, cumulative.
   *
   * @param earned so far
   * @param committed of it, in the newest epoch that holds
   * @param paid of it
   * @param epoch that epoch, 0 before the first
   */
  public record Owed(long earned, long committed, long paid, long epoch) {
    private static final Owed NOTHING = new Owed(0, 0, 0, 0);
  }

  /**
   * Opens the book.
   *
   * @param payee whose earnings they are
   * @param folder for the files, made if it is missing; null: nothing is kept
   */
  public EarningsBook(PayoutAddress payee, @Nullable Path folder) throws IOException {
    this.payee = payee;
    this.folder = folder;
    if (folder != null) {
      Files.createDirectories(folder);
    }
  }

  /** Takes what a router says; returns what is wrong with it, in a sentence, or empty. */
  public synchronized Optional<String> heard(Payer payer, Earnings said) {
    String name = payer.settlement().toString();
    Owed before = owed.getOrDefault(name, Owed.NOTHING);
    if (said.getEarned() < before.earned() || said.getPaid() < before.paid()) {
      return refused(name, "it says less than before");
    }
    if (!owed.containsKey(name) && owed.size() >= MAX_SETTLEMENTS) {
      return refused(name, "too many settlement contracts");
    }
    Owed now = new Owed(said.getEarned(), before.committed(), said.getPaid(), before.epoch());
    if (said.hasCommitted() && said.getCommitted().getEpoch() != before.epoch()) {
      CommittedEarnings committed = said.getCommitted();
      Optional<String> wrong =
          committed.getEpoch() < before.epoch() || committed.getEarned() < before.committed()
              ? Optional.of("it commits to less than before")
              : EarningsProof.wrong(
                  committed,
                  payer.receiptKey().toByteArray(),
                  payer.networkId(),
                  payer.settlement(),
                  payee);
      if (wrong.isPresent()) {
        return refused(name, wrong.get());
      }
      now = new Owed(now.earned(), committed.getEarned(), now.paid(), committed.getEpoch());
      keep(payer, committed);
    }
    owed.put(name, now);
    log.info(
        "event=earnings settlement={} earned_nanoton={} committed_nanoton={} paid_nanoton={} epoch={}",
        name,
        now.earned(),
        now.committed(),
        now.paid(),
        now.epoch());
    return Optional.empty();
  }

  /** Whose earnings they are. */
  public PayoutAddress payee() {
    return payee;
  }

  /** What each settlement contract owes, by its raw address. */
  public synchronized Map<String, Owed> owed() {
    return Map.copyOf(owed);
  }

  private static Optional<String> refused(String settlement, String why) {
    log.error("event=earnings_refused settlement={} reason=\"{}\"", settlement, why);
    return Optional.of(why);
  }

  private void keep(Payer payer, CommittedEarnings committed) {
    Path where = folder;
    if (where == null) {
      return;
    }
    String hash = HEX.formatHex(payer.settlement().hash());
    Path file = where.resolve("settlement-" + hash + ".json");
    try {
      Path draft = Files.createTempFile(where, ".settlement", null);
      try (FileChannel out = FileChannel.open(draft, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(json(payer, committed).getBytes(US_ASCII));
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      log.error("event=earnings_not_kept file={}", file, e);
    }
  }

  private String json(Payer payer, CommittedEarnings committed) {
    return """
    {
      "version": 1,
      "network": %d,
      "settlement": "%s",
      "routerKey": "%s",
      "payee": "%s",
      "epoch": %d,
      "root": "%s",
      "total": %d,
      "digest": "%s",
      "expires": %d,
      "signature": "%s",
      "earned": %d,
      "index": %d,
      "siblings": [%s]
    }
    """
        .formatted(
            payer.networkId(),
            payer.settlement(),
            hex(payer.receiptKey()),
            payee,
            committed.getEpoch(),
            hex(committed.getRoot()),
            committed.getTotal(),
            hex(committed.getDigest()),
            committed.getExpires(),
            hex(committed.getSignature()),
            committed.getEarned(),
            committed.getIndex(),
            committed.getSiblingsList().stream()
                .map(sibling -> '"' + hex(sibling) + '"')
                .collect(Collectors.joining(", ")));
  }

  private static String hex(ByteString bytes) {
    return HEX.formatHex(bytes.toByteArray());
  }
}
